// How the fields of a date follow each other; date-locales.js has how the languages differ.

const literal = (value) => ({ type: "literal", value });
const twoDigits = (number) => `${number}`.padStart(2, "0");

function text(names, index, style) {
  return style === "narrow" ? names.long[index][0].toUpperCase() : names[style][index];
}

/** The parts of a date given in UTC fields. */
export function layOut(date, fields, form, { hourCycle, zoneName, isLong, isStyled }) {
  const day = dateParts(date, fields, form);
  const time = timeParts(date, fields, form, { hourCycle, isStyled });
  const parts = [...day];
  if (day.length > 0 && time.length > 0) {
    const onlyWeekday = day.length === 1 && day[0].type === "weekday";
    const spelled = isLong || (fields.month === "long" && fields.day !== undefined);
    parts.push(
      literal(onlyWeekday ? " " : spelled ? form.beforeTimeOfLong : form.beforeTime),
    );
  }
  parts.push(...time);
  if (zoneName !== undefined) {
    if (parts.length > 0) parts.push(literal(time.length > 0 ? " " : ", "));
    parts.push({ type: "timeZoneName", value: zoneName });
  }
  return parts;
}

function dateParts(date, fields, form) {
  const { weekday, era, year, month, day } = fields;
  const isText = ["long", "short", "narrow"].includes(month);
  const numbers = numbersOf(fields, form);
  const pads = numbers.pads && month === "numeric" && (day !== undefined || year !== undefined);
  const w = weekday && { type: "weekday", value: text(form.days, date.getUTCDay(), weekday) };
  const y = year && { type: "year", value: yearText(date.getUTCFullYear(), year, era) };
  const m = month && {
    type: "month",
    value: isText
      ? text(form.months, date.getUTCMonth(), month)
      : numeric(date.getUTCMonth() + 1, pads ? "2-digit" : month),
  };
  const d = day && { type: "day", value: numeric(date.getUTCDate(), pads ? "2-digit" : day) };
  let parts;
  if (isText) {
    parts = !d ? [m] : form.isDayFirst ? [d, literal(" "), m] : [m, literal(" "), d];
    if (y) parts.push(literal(d && !form.isDayFirst ? ", " : " "), y);
  } else if (y && d && !m) {
    parts = [y, literal(" (day: "), d, literal(")")];
  } else {
    const present = numbers.order.map((name) => ({ year: y, month: m, day: d })[name]);
    parts = present
      .filter(Boolean)
      .flatMap((part, i) => (i === 0 ? [part] : [literal(numbers.separator), part]));
  }
  if (era)
    parts = [
      ...parts,
      ...(parts.length > 0 ? [literal(" ")] : []),
      { type: "era", value: form.eras[era][date.getUTCFullYear() > 0 ? 1 : 0] },
    ];
  if (!w) return parts;
  if (parts.length === 0) return [w];
  if (!m || !d) return [...parts, literal(" "), w];
  return [w, literal(form.afterWeekday({ isText, hasYear: !!y })), ...parts];
}

function numbersOf({ year }, form) {
  return (year === undefined && form.numbersWithoutYear) || form.numbers;
}

function yearText(year, style, era) {
  const shown = era && year <= 0 ? 1 - year : year;
  return style === "2-digit" ? twoDigits(Math.abs(shown) % 100) : `${shown}`;
}

function numeric(number, style) {
  return style === "2-digit" ? twoDigits(number) : `${number}`;
}

function timeParts(date, fields, form, { hourCycle, isStyled }) {
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
    const isShort = !form.padsHours && !isStyled && minute && !second && !fields.weekday;
    const pads = hour === "2-digit" || !(is12 || isShort);
    follow({ type: "hour", value: pads ? twoDigits(value) : `${value}` }, "");
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
    follow({ type: "fractionalSecond", value }, form.decimal);
  }
  if (dayPeriod && is12)
    follow({ type: "dayPeriod", value: partOfDay(hours, date.getUTCMinutes(), dayPeriod) }, " ");
  else if (hour && is12) follow({ type: "dayPeriod", value: form.halves[hours < 12 ? 0 : 1] }, " ");
  return parts;
}

function partOfDay(hours, minutes, style) {
  if (hours === 12 && minutes === 0) return style === "narrow" ? "n" : "noon";
  if (hours < 12) return "in the morning";
  if (hours < 18) return "in the afternoon";
  return hours < 21 ? "in the evening" : "at night";
}
