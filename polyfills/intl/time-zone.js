// Time zones: UTC without asking, all others as the host's database has them.

import { time_zone_names, time_zone_offset } from "holdfast:ops";

const OFFSET = /^([+-])([01]\d|2[0-3])(?::?([0-5]\d))?$/;
const NAMES = {
  __proto__: null,
  EST: "Eastern Standard Time",
  EDT: "Eastern Daylight Time",
  CST: "Central Standard Time",
  CDT: "Central Daylight Time",
  MST: "Mountain Standard Time",
  MDT: "Mountain Daylight Time",
  PST: "Pacific Standard Time",
  PDT: "Pacific Daylight Time",
  AKST: "Alaska Standard Time",
  AKDT: "Alaska Daylight Time",
  HST: "Hawaii-Aleutian Standard Time",
};
const ELSEWHERE = {
  __proto__: null,
  CET: "Central European Standard Time",
  CEST: "Central European Summer Time",
  EET: "Eastern European Standard Time",
  EEST: "Eastern European Summer Time",
  WET: "Western European Standard Time",
  WEST: "Western European Summer Time",
  GMT: "Greenwich Mean Time",
  BST: "British Summer Time",
  JST: "Japan Standard Time",
  IST: "India Standard Time",
  AEST: "Australian Eastern Standard Time",
  AEDT: "Australian Eastern Daylight Time",
};

/** The names of all zones that places have, and UTC. */
export const zoneNames = () => time_zone_names().split(",");

/** A time zone by name; throws RangeError for one that is not known. */
export class TimeZone {
  #fixed = null; // minutes, where the zone is an offset

  constructor(name) {
    const match = OFFSET.exec(name);
    if (match !== null) {
      const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
      this.#fixed = match[1] === "-" ? -minutes : minutes;
      this.name = `${minutes === 0 ? "+" : match[1]}${match[2]}:${match[3] ?? "00"}`;
    } else if (/^(?:utc|etc\/utc|etc\/gmt|gmt|etc\/uct|zulu|etc\/zulu|uct)$/i.test(name)) {
      this.#fixed = 0;
      this.name = "UTC";
    } else {
      this.name = time_zone_offset(name, 0).split(",")[0];
    }
  }

  /** `{ seconds, abbreviation }` at a time in milliseconds. */
  at(time) {
    if (this.#fixed !== null) return { seconds: this.#fixed * 60, abbreviation: this.name };
    const [, seconds, abbreviation] = time_zone_offset(this.name, time).split(",");
    return { seconds: Number(seconds), abbreviation };
  }

  /** The zone's name in a format's style at a time. */
  label(style, time) {
    const { seconds, abbreviation } = this.at(time);
    const isLong = style.startsWith("long");
    if (style === "short" || style === "long") {
      if (this.name === "UTC") return isLong ? "Coordinated Universal Time" : "UTC";
      if (abbreviation in NAMES && /^(?:America|US|Pacific)\//.test(this.name))
        return isLong ? NAMES[abbreviation] : abbreviation;
      if (isLong && abbreviation in ELSEWHERE) return ELSEWHERE[abbreviation];
    }
    if (seconds === 0 && !style.endsWith("Offset")) return "GMT";
    const minutes = Math.abs(seconds) / 60;
    const [hours, rest] = [Math.floor(minutes / 60), Math.floor(minutes % 60)];
    const sign = seconds < 0 ? "-" : "+";
    if (isLong) return `GMT${sign}${`${hours}`.padStart(2, "0")}:${`${rest}`.padStart(2, "0")}`;
    return `GMT${sign}${hours}${rest === 0 ? "" : `:${`${rest}`.padStart(2, "0")}`}`;
  }
}
