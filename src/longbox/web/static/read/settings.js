// How somebody likes to read, as this browser remembers it.

import { keep, recallRecord } from "../base/memory.js";

const KEY = "longbox.reader.v1";

export const DEFAULTS = Object.freeze({
  fit: "whole",
  background: "theme",
  margin: "small",
  zoom: "3",
  dim: "medium",
  motion: true,
  look: false,
  skip: false,
  words: false,
  letters: true,
  pagedView: "page",
  stripView: "strip",
});

/** @returns {typeof DEFAULTS} what was chosen; anything strange is as by default */
export function readSettings() {
  const found = recallRecord(KEY);
  const settings = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS)) {
    if (typeof found[key] === typeof DEFAULTS[key]) settings[key] = found[key];
  }
  return settings;
}

/** @param {typeof DEFAULTS} settings */
export function writeSettings(settings) {
  keep(KEY, settings);
}
