// How the fields of a date follow each other; date-locales.js has how the languages differ.

const literal = (value) => ({ type: "literal", value });
const twoDigits = (number) => `${number}`.padStart(2, "0");

function text(names, index, style, isAlone) {
  if (style === "narrow") return names.narrow?.[index] ?? names.long[index][0].toUpperCase();
  return style === "short" && isAlone ? (names.alone ?? names.short)[index] : names[style][index];
}

/** The parts of a date given in UTC fields. */
export function layOut(date, fields, form, { hourCycle, zoneName, dateStyle, isStyled }) {
  const isText = isWord(fields.month);
  const day = dateParts(date, fields, form);
  const time = timeParts(date, fields, form, { hourCycle, isStyled });
  const parts = [...day];
  if (day.length > 0 && time.length > 0) {
    const onlyWeekday = day.length === 1 && day[0].type === "weekday";
    const isLong = dateStyle === "full" || dateStyle === "long";
    const spelled = isLong || (fields.month === "long" && fields.day !== undefined);
    const before = spelled
      ? form.beforeTimeOfLong(dateStyle === "full")
      : form.beforeTime(isText);
    parts.push(literal(onlyWeekday ? form.betweenWeekdayAndTime : before));
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
  const isText = isWord(month);
  const numbers = numbersOf(fields, form);
  const pads = numbers.pads && month === "numeric" && (day !== undefined || year !== undefined);
  const others = [weekday, era, year, month, day, fields.hour];
  const isAlone = others.filter(Boolean).length === 1;
  const w = weekday && { type: "weekday", value: text(form.days, date.getUTCDay(), weekday, isAlone) };
  const y = year && { type: "year", value: yearText(date.getUTCFullYear(), year) };
  const m = month && {
    type: "month",
    value: isText
      ? text(form.months, date.getUTCMonth(), month, isAlone)
      : numeric(date.getUTCMonth() + 1, pads ? "2-digit" : month),
  };
  const d = day && { type: "day", value: numeric(date.getUTCDate(), pads ? "2-digit" : day) };
  let parts;
  if (isText) {
    const gap = literal(form.afterDay(month));
    parts = !d ? [m] : form.isDayFirst ? [d, gap, m] : [m, gap, d];
    if (y) parts.push(literal(d && !form.isDayFirst ? ", " : form.beforeYear(month)), y);
  } else if (y && d && !m) {
    parts = [y, literal(" (day: "), d, literal(")")];
  } else {
    const present = numbers.order.map((name) => ({ year: y, month: m, day: d })[name]);
    parts = present
      .filter(Boolean)
      .flatMap((part, i) => (i === 0 ? [part] : [literal(numbers.separator), part]));
    if (m && d && !y && form.afterNumbers !== "") parts.push(literal(form.afterNumbers));
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

const isWord = (month) => month === "long" || month === "short" || month === "narrow";

function numbersOf({ year, day }, form) {
  return (
    (year === undefined && form.numbersWithoutYear) ||
    (day === undefined && form.numbersWithoutDay) ||
    form.numbers
  );
}

function yearText(year, style) {
  const shown = year <= 0 ? 1 - year : year; // of its era, though that may not be told
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
    const isShort = !isStyled && minute && !second && !fields.weekday;
    const padded = { always: true, mostly: !isShort, never: false }[form.padsHours];
    const isLone = !minute && !second;
    const pads = hour === "2-digit" || (!is12 && padded && (!isLone || form.padsLoneHours));
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
  if (hour && !minute && !second && !is12 && form.afterHour !== "")
    parts.push(literal(form.afterHour));
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
