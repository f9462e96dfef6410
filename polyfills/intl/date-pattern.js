// How the fields of a date follow each other in en-US.

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const ERAS = { long: ["Before Christ", "Anno Domini"], short: ["BC", "AD"], narrow: ["B", "A"] };

const literal = (value) => ({ type: "literal", value });
const twoDigits = (number) => `${number}`.padStart(2, "0");

function text(names, index, style) {
  const name = names[index];
  return style === "long" ? name : name.slice(0, style === "short" ? 3 : 1);
}

/** The parts of a date given in UTC fields. */
export function layOut(date, fields, { hourCycle, zoneName, isLong }) {
  const day = dateParts(date, fields);
  const time = timeParts(date, fields, hourCycle);
  const parts = [...day];
  if (day.length > 0 && time.length > 0) {
    const onlyWeekday = day.length === 1 && day[0].type === "weekday";
    const spelled = isLong || (fields.month === "long" && fields.day !== undefined);
    parts.push(literal(onlyWeekday ? " " : spelled ? " at " : ", "));
  }
  parts.push(...time);
  if (zoneName !== undefined) {
    if (parts.length > 0) parts.push(literal(time.length > 0 ? " " : ", "));
    parts.push({ type: "timeZoneName", value: zoneName });
  }
  return parts;
}

function dateParts(date, fields) {
  const { weekday, era, year, month, day } = fields;
  const isText = ["long", "short", "narrow"].includes(month);
  const w = weekday && { type: "weekday", value: text(DAYS, date.getUTCDay(), weekday) };
  const y = year && { type: "year", value: yearText(date.getUTCFullYear(), year, era) };
  const m = month && {
    type: "month",
    value: isText
      ? text(MONTHS, date.getUTCMonth(), month)
      : numeric(date.getUTCMonth() + 1, month),
  };
  const d = day && { type: "day", value: numeric(date.getUTCDate(), day) };
  let parts;
  if (isText) {
    parts = d ? [m, literal(" "), d] : [m];
    if (y) parts.push(literal(d ? ", " : " "), y);
  } else {
    const present = [m, d, y].filter(Boolean);
    const separator = m ? "/" : " ";
    parts = present.flatMap((part, i) => (i === 0 ? [part] : [literal(separator), part]));
  }
  if (era)
    parts = [
      ...parts,
      ...(parts.length > 0 ? [literal(" ")] : []),
      { type: "era", value: ERAS[era][date.getUTCFullYear() > 0 ? 1 : 0] },
    ];
  if (!w) return parts;
  if (parts.length === 0) return [w];
  return m && d ? [w, literal(", "), ...parts] : [...parts, literal(" "), w];
}

function yearText(year, style, era) {
  const shown = era && year <= 0 ? 1 - year : year;
  return style === "2-digit" ? twoDigits(Math.abs(shown) % 100) : `${shown}`;
}

function numeric(number, style) {
  return style === "2-digit" ? twoDigits(number) : `${number}`;
}

function timeParts(date, fields, hourCycle) {
  const { hour, minute, second, fractionalSecondDigits: digits, dayPeriod } = fields;
  const parts = [];
  const hours = date.getUTCHours();
  const is12 = hourCycle === "h12" || hourCycle === "h11";
  const follow = (part, separator) =>
    parts.push(...(parts.length > 0 ? [literal(separator)] : []), part);
  if (hour) {
    const value = { h12: hours % 12 || 12, h11: hours % 12, h23: hours, h24: hours || 24 }[
      hourCycle
    ];
    follow(
      { type: "hour", value: !is12 || hour === "2-digit" ? twoDigits(value) : `${value}` },
      "",
    );
  }
  if (minute) {
    const isAlone = !hour && !second;
    follow(
      {
        type: "minute",
        value: isAlone ? `${date.getUTCMinutes()}` : twoDigits(date.getUTCMinutes()),
      },
      ":",
    );
  }
  if (second) {
    const isAlone = !hour && !minute;
    follow(
      {
        type: "second",
        value: isAlone ? `${date.getUTCSeconds()}` : twoDigits(date.getUTCSeconds()),
      },
      ":",
    );
  }
  if (digits) {
    const value = `${date.getUTCMilliseconds()}`.padStart(3, "0").slice(0, digits);
    follow({ type: "fractionalSecond", value }, ".");
  }
  if (dayPeriod && is12)
    follow({ type: "dayPeriod", value: partOfDay(hours, date.getUTCMinutes(), dayPeriod) }, " ");
  else if (hour && is12) follow({ type: "dayPeriod", value: hours < 12 ? "AM" : "PM" }, " ");
  return parts;
}

function partOfDay(hours, minutes, style) {
  if (hours === 12 && minutes === 0) return style === "narrow" ? "n" : "noon";
  if (hours < 12) return "in the morning";
  if (hours < 18) return "in the afternoon";
  return hours < 21 ? "in the evening" : "at night";
}
