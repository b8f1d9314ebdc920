import { setImmediate } from 'node:timers/promises';

/** How questions are put together. */
export interface BatcherOptions {
  /** Questions of one batch. */
  readonly most: number;
  /** Batches under way at once. */
  readonly atOnce: number;
  /** Whether an error is no single question's fault: the others of the batch get it as well. */
  readonly isOfAll: (error: unknown) => boolean;
}

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Answers questions that come at once together, in the order asked, each batch after a turn of the event loop: on
 * SQLite, whose answers come without one, thousands woken by one change would keep every other request out. Where
 * a batch fails, each of its questions is asked by itself, so that one that cannot be answered spoils no other.
 */
export class Batcher<Question, Answer> {
  readonly #work: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  readonly #options: BatcherOptions;
  readonly #waiting: Waiting<Question, Answer>[] = [];
  #running = 0;

  /** `work` answers in the order of the questions. */
  constructor(
    work: (questions: readonly Question[]) => Promise<readonly Answer[]>,
    options: BatcherOptions,
  ) {
    this.#work = work;
    this.#options = options;
  }

  /** The answer, or the error of `work`. */
  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#running < this.#options.atOnce) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running++;
    while (this.#waiting.length > 0) {
      await setImmediate();
      const batch = this.#waiting.splice(0, this.#options.most);
      if (batch.length > 0) await this.#answer(batch);
    }
    this.#running--;
  }

  async #answer(batch: readonly Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.#work(batch.map(({ question }) => question));
      for (const [at, { resolve }] of batch.entries()) resolve(answers[at] as Answer);
    } catch (error) {
      const isLast = batch.length === 1 || this.#options.isOfAll(error);
      for (const one of batch) {
        if (isLast) one.reject(error);
        else await this.#answer([one]);
      }
    }
  }
}
