// The health page shows what a job has changed as soon as it has ended.

document.addEventListener("longbox:job", (event) => {
  if (/** @type {CustomEvent} */ (event).detail.state === "done") setTimeout(() => location.reload(), 800);
});
