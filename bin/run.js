#!/usr/bin/env node
import { execute } from '../dist/main.js';

await execute(import.meta.url);
