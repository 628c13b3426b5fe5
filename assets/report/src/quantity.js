// How a number is written, as the rest of the page does it: three digits, the unit that fits.
function digits(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 100) return Math.round(value).toLocaleString("en");
  return value.toPrecision(3);
}

function fitting(value, step, units) {
  let at = 0;
  while (Math.abs(value) >= 999.5 && at + 1 < units.length) {
    value /= step;
    at += 1;
  }
  return `${at === 0 && Number.isInteger(value) ? value : digits(value)} ${units[at]}`;
}

export const bytes = (value) => fitting(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);
export const nanoseconds = (value) => fitting(value, 1000, ["ns", "µs", "ms", "s"]);
export const rate = (value) => `${digits(value)}/s`;
export const cores = (value) => digits(value);
export const percent = (share) => `${digits(share * 100)} %`;

const WRITERS = { bytes, nanoseconds, rate, cores };

// How values of a unit are written; one that is not known stands as it is.
export const writerOf = (unit) => WRITERS[unit] ?? ((value) => `${digits(value)} ${unit}`);
