/** One command line of the demo. */
export interface DemoStep {
  /** What it is for, as a sentence. */
  readonly about: string;
  readonly argv: readonly string[];
  /** Whose KEYLINE_HOME it runs in. */
  readonly at: 'factory' | 'station';
  /** The exit code that it must have, shown where it is not 0. */
  readonly exit?: number;
  /** It goes on beside the others once it has said this. */
  readonly ready?: string;
}

/** Stands for the recipient of the throw-away identity. */
export const RECIPIENT = 'RECIPIENT';

const words = (line: string): string[] => line.split(' ');

/** The main job from a key to devices that are accounted for, and to the report of the shift. */
export const DEMO_STEPS: readonly DemoStep[] = [
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
    ready: 'Ctrl-C',
  },
  {
    about:
      'The station gives each its own credential. A broken device fails, and so says the exit code.',
    argv: words('station run A1 --profile linux-shell --jig sim/jig.yaml --operator mia --once'),
    at: 'station',
    exit: 6,
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
