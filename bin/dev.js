#!/usr/bin/env -S node --import tsx
import { execute } from '../src/cli/main.ts';

await execute(import.meta.url, { development: true });
