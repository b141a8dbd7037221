import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

export interface Question {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status: number;
  readonly ms: number;
}

interface Given {
  readonly questions: readonly Question[];
  readonly perSecond: number;
}

/** All of them, so many a second, by a thread of its own: the stand-in keeps this one busy. */
export function rush(questions: readonly Question[], perSecond: number): Promise<readonly Answered[]> {
  const given: Given = { questions, perSecond };
  const thread = new Worker(new URL(import.meta.url), { workerData: given });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

async function askAll({ questions, perSecond }: Given): Promise<readonly Answered[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const began = performance.now();
  const answers: Promise<Answered>[] = [];
  while (answers.length < questions.length) {
    const due = Math.min(questions.length, ((performance.now() - began) / 1000) * perSecond);
    while (answers.length < due) {
      const question = questions[answers.length];
      if (question !== undefined) answers.push(ask(question, agent));
    }
    await sleep(4);
  }
  const done = await Promise.all(answers);
  agent.destroy();
  return done;
}

function ask({ port, path, headers }: Question, agent: Agent): Promise<Answered> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, headers, agent }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, ms: performance.now() - began }));
    })
      .on('error', reject)
      .end();
  });
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
if (!isMainThread) parentPort?.postMessage(await askAll(workerData as Given));
