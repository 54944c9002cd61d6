// A map that is not there yet, or is out of date: a job makes it, and the page says how far it is.

import { ask } from "../base/base.js";

const ASKS_EVERY_MS = 1000;

/**
 * Make a map; the promise ends when it is made.
 * @param {string} space
 * @param {string} of
 * @param {(fraction: number | null, line: string) => void} tell
 * @throws {Error} with why it could not be made
 */
export async function makeMap(space, of, tell) {
  let job = await ask("/jobs", { method: "POST", json: { kind: "map", arguments: { space, of } } });
  while (["queued", "running"].includes(job.state)) {
    tell(job.fraction ?? null, job.state === "queued" ? "waits for other work" : job.now || "starts");
    await new Promise((done) => {
      setTimeout(done, ASKS_EVERY_MS);
    });
    job = await ask(`/jobs/${job.job_id}`);
  }
  if (job.state !== "done") throw new Error(job.outcome || `the job ${job.state}`);
}
