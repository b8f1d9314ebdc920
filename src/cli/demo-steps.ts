import { REGISTRY_STEPS } from './demo-registry-steps.ts';
import { words } from './demo-words.ts';

/** What happens in the demo, one after the other. */
export type DemoStep = DemoCommand | DemoWatch | DemoCall;

interface DemoPart {
  /** What it is for, as a sentence. */
  readonly about: string;
  /** The program in the background, by the name that it was given, that is ended before. */
  readonly ends?: string;
  /** What later steps have in the place of a word in capitals: the first group of the pattern in what is said. */
  readonly finds?: Readonly<Record<string, RegExp>>;
}

/** One command line. */
export interface DemoCommand extends DemoPart {
  readonly argv: readonly string[];
  /** Whose KEYLINE_HOME it runs in. */
  readonly at: 'factory' | 'station' | 'platform' | 'customer';
  /** The exit code that it must have, shown where it is not 0. */
  readonly exit?: number;
  /** It goes on beside the others, by this name, once it has said this. */
  readonly background?: { readonly name: string; readonly ready: RegExp };
}

/** What a program in the background says. */
export interface DemoWatch extends DemoPart {
  readonly watch: string;
  /** What it must have said; what it says from now on is shown. */
  readonly until: RegExp;
}

/** What no command does. */
export interface DemoCall extends DemoPart {
  /** Resolves to the lines that show it. */
  readonly call: (place: DemoPlace) => Promise<string>;
}

/** Where the demo is. */
export interface DemoPlace {
  readonly folder: string;
  /** What was found so far, by its word. */
  readonly found: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}

/** Stands for the recipient of the throw-away identity. */
export const RECIPIENT = 'RECIPIENT';

/** From a key to devices that are accounted for, and to the report of the shift. */
const FACTORY_STEPS: readonly DemoCommand[] = [
  {
    about: 'The factory makes a provisioning key. Everything else follows from it.',
    argv: words(`key create --label demo --recipient ${RECIPIENT}`),
    at: 'factory',
  },
  {
    about: 'It opens a lot of 1,000,000 units. No unit is stored anywhere.',
    argv: words('lot create A1 --size 1000000 --serial DEMO-A1-{n:8}'),
    at: 'factory',
  },
  {
    about: 'A station at a contract manufacturer makes its own key and hands out a card.',
    argv: words(`station init --name line-1 --recipient ${RECIPIENT} -o station.card`),
    at: 'station',
  },
  {
    about: 'The factory grants it the first 4,096 units, one block.',
    argv: words('lot grant A1 --station station.card --range 0-4095 -o A1.grant'),
    at: 'factory',
  },
  {
    about: 'The station takes the grant; of all other units it can compute nothing.',
    argv: words('lot import A1.grant'),
    at: 'station',
  },
  {
    about:
      'Eight simulated devices wait in a jig. What the fifth stores reads back as something else.',
    argv: words('device simulate --profile linux-shell --count 8 --dir sim --fault 5=wrong-answer'),
    at: 'station',
    background: { name: 'devices', ready: /Ctrl-C/ },
  },
  {
    about:
      'The station gives each its own credential. A broken device fails, and so says the exit code.',
    argv: words('station run A1 --profile linux-shell --jig sim/jig.yaml --operator mia --once'),
    at: 'station',
    exit: 6,
    finds: { SERIAL: /PASS +(DEMO-A1-\d+)/ },
  },
  {
    about: 'What was built: the verified units alone, sealed by the station under its grant.',
    argv: words('manifest write A1 --as-built -o built.csv'),
    at: 'station',
  },
  {
    about: 'The factory checks it up to its own key, and derives every value again.',
    argv: words('manifest check built.csv --lot A1'),
    at: 'factory',
  },
  {
    about: 'The supervisor’s report: what came of every device, and what is still to do.',
    argv: words('station report A1 --html report.html'),
    at: 'station',
  },
];

/** The main job: built, accounted for, registered, and handed to who bought it. */
export const DEMO_STEPS: readonly DemoStep[] = [...FACTORY_STEPS, ...REGISTRY_STEPS];
