// Jobs as they go on: their cards, the pill in the masthead, and the buttons that start and stop
// them. While something runs the page listens to the server; while all is quiet it holds no
// connection and asks now and then, so that a job that another window started shows too.
//
// Others hear "longbox:job" on the document, with the job as its detail.

import { Refused, ask, plural, toast } from "../base/base.js";

/**
 * @typedef {object} Job
 * @property {string} job_id
 * @property {string} kind
 * @property {string} what
 * @property {"queued" | "running" | "done" | "failed" | "stopped"} state
 * @property {number} version
 * @property {number | null} fraction
 * @property {string} now
 * @property {string} outcome
 * @property {string[]} problems
 * @property {number} n_problems
 * @property {number | null} seconds_left
 */

const ASK_EVERY_MS = 20_000;
/** @type {Map<string, Job>} */
const known = new Map();
/** @type {EventSource | null} */
let source = null;

/** @param {Job} job */
const isOver = (job) => job.state !== "queued" && job.state !== "running";

/**
 * Say how long something still takes.
 * @param {number | null} seconds
 */
export function timeLeft(seconds) {
  if (seconds === null) return "";
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s left`;
  const minutes = seconds / 60;
  return minutes < 90 ? `about ${Math.round(minutes)} min left` : `about ${(minutes / 60).toFixed(1)} h left`;
}

/**
 * Start a job and follow it.
 * @param {string} kind
 * @param {Record<string, unknown>} [args]
 * @returns {Promise<Job>}
 */
export async function startJob(kind, args = {}) {
  const job = await ask("/jobs", { method: "POST", json: { kind, arguments: args } });
  watchJob(job);
  return job;
}

/**
 * Follow a job that was started elsewhere.
 * @param {Job} job
 */
export function watchJob(job) {
  take(job);
  follow();
}

/** @param {Job} job */
function take(job) {
  const before = known.get(job.job_id);
  if (before && before.version >= job.version) return;
  known.set(job.job_id, job);
  showCard(job);
  showPill();
  // What had ended before the page was opened is no news.
  if (isOver(job) && before && !isOver(before)) sayEnd(job);
  if (!isOver(job) || before) {
    document.dispatchEvent(new CustomEvent("longbox:job", { detail: job }));
  }
}

/** @param {Job} job */
function sayEnd(job) {
  toast(`${job.what}: ${job.outcome}`, { kind: job.state === "failed" ? "error" : "note", keep: 9000 });
}

/** @param {Job} job */
function showCard(job) {
  let card = document.querySelector(`[data-job-id="${job.job_id}"]`);
  if (!card && !isOver(job)) card = makeCard(job);
  if (!(card instanceof HTMLElement)) return;
  card.dataset.state = job.state;
  put(card, "[data-job-what]", job.what);
  put(card, "[data-job-state]", job.state);
  put(card, "[data-job-now]", job.outcome || job.now || (isOver(job) ? "" : "waits for its turn"));
  put(card, "[data-job-left]", timeLeft(job.seconds_left));
  const bar = card.querySelector("[data-job-bar]");
  if (bar instanceof HTMLProgressElement) {
    bar.hidden = job.state !== "running";
    if (job.fraction === null) bar.removeAttribute("value");
    else bar.value = job.fraction;
  }
  const stop = card.querySelector("[data-job-stop]");
  if (stop instanceof HTMLElement) stop.hidden = isOver(job);
  showProblems(card, job);
  for (const quiet of document.querySelectorAll("[data-when-quiet]")) {
    if (quiet instanceof HTMLElement) quiet.hidden = [...known.values()].some((each) => !isOver(each));
  }
}

/** @param {Job} job */
function makeCard(job) {
  const list = document.querySelector('[data-job-list="active"]');
  const template = list?.parentElement?.querySelector("template[data-job-template]");
  if (!list || !(template instanceof HTMLTemplateElement)) return null;
  const copy = document.importNode(template.content, true);
  const card = copy.querySelector("[data-job-id]");
  if (!(card instanceof HTMLElement)) return null;
  card.dataset.jobId = job.job_id;
  list.append(copy);
  return card;
}

/**
 * @param {HTMLElement} card
 * @param {Job} job
 */
function showProblems(card, job) {
  const box = card.querySelector("[data-job-problems]");
  const lines = card.querySelector("[data-job-lines]");
  if (!(box instanceof HTMLElement) || !lines) return;
  box.hidden = job.n_problems === 0;
  put(card, "[data-job-count]", plural(job.n_problems, "problem"));
  for (const line of job.problems.slice(lines.childElementCount)) {
    const item = document.createElement("li");
    item.textContent = line;
    lines.append(item);
  }
}

/**
 * @param {HTMLElement} card
 * @param {string} selector
 * @param {string} text
 */
function put(card, selector, text) {
  const found = card.querySelector(selector);
  if (found && found.textContent !== text) found.textContent = text;
}

function showPill() {
  const pill = document.querySelector("[data-jobs]");
  if (!(pill instanceof HTMLElement)) return;
  const active = [...known.values()].filter((job) => !isOver(job));
  pill.hidden = active.length === 0;
  const [first] = active;
  const percent = first?.fraction ? ` ${Math.floor(first.fraction * 100)} %` : "";
  const text = active.length > 1 ? `${active.length} jobs` : `Job${percent}`;
  if (pill.textContent !== text) pill.textContent = text;
}

function follow() {
  if (source) return;
  source = new EventSource("/api/v1/jobs/events");
  source.addEventListener("job", (event) => take(JSON.parse(event.data)));
  source.addEventListener("quiet", unfollow);
  // The browser connects again by itself, unless the server refused for good.
  source.addEventListener("error", () => {
    if (source?.readyState === EventSource.CLOSED) unfollow();
  });
}

function unfollow() {
  source?.close();
  source = null;
}

async function look() {
  if (source || document.visibilityState === "hidden") return;
  try {
    const jobs = await ask("/jobs");
    for (const job of jobs.reverse()) take(job);
    if (jobs.some((/** @type {Job} */ job) => !isOver(job))) follow();
  } catch (error) {
    if (!(error instanceof Refused)) throw error; // the server is away; the next look tells
  }
}

/** @param {Event} event */
async function onClick(event) {
  const target = event.target;
  if (!(target instanceof Element)) return;
  const start = target.closest("[data-start-job]");
  const stop = target.closest("[data-job-stop]");
  try {
    if (start instanceof HTMLButtonElement) {
      start.disabled = true;
      try {
        await startJob(start.dataset.startJob ?? "", JSON.parse(start.dataset.arguments ?? "{}"));
        start.dispatchEvent(new CustomEvent("longbox:started", { bubbles: true }));
      } finally {
        start.disabled = false;
      }
    } else if (stop instanceof HTMLButtonElement) {
      const card = stop.closest("[data-job-id]");
      if (card instanceof HTMLElement) take(await ask(`/jobs/${card.dataset.jobId}`, { method: "DELETE" }));
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    toast(error.message, { kind: "error" });
  }
}

document.addEventListener("click", onClick);
document.addEventListener("visibilitychange", look);
addEventListener("pagehide", unfollow);
addEventListener("pageshow", (event) => event.persisted && look());
setInterval(look, ASK_EVERY_MS);
look();
