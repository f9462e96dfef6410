// How dates are written in the languages that have a form of their own here. Names of time zones
// are English in all of them. https://cldr.unicode.org/translation/date-time

import { baseOf, getCanonicalLocales } from "./locales.js";

const words = (text) => text.split(" ");

const unitedStates = {
  hourCycle: "h12",
  months: {
    long: words(
      "January February March April May June July August September October November December",
    ),
    short: words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"),
  },
  days: {
    long: words("Sunday Monday Tuesday Wednesday Thursday Friday Saturday"),
    short: words("Sun Mon Tue Wed Thu Fri Sat"),
  },
  eras: { long: ["Before Christ", "Anno Domini"], short: ["BC", "AD"], narrow: ["B", "A"] },
  halves: ["AM", "PM"],
  // Where the month is a word:
  isDayFirst: false,
  afterDay: (_month) => " ",
  beforeYear: (_month) => " ",
  // Where it is a number. `pads`: figures that may have one digit get two.
  numbers: { order: ["month", "day", "year"], separator: "/", pads: false },
  afterNumbers: "", // of a day and a month without a year
  mediumDate: { month: "short", day: "numeric", year: "numeric" },
  shortDate: { month: "numeric", day: "numeric", year: "2-digit" },
  beforeTime: (_isText) => ", ",
  beforeTimeOfLong: (_isFull) => " at ",
  betweenWeekdayAndTime: " ",
  afterWeekday: (_date) => ", ",
  decimal: ".",
  // On a clock of 24 hours, with a numeric hour: always, or unless there are minutes and no
  // seconds, or never.
  padsHours: "always",
  padsLoneHours: true,
  afterHour: "", // where nothing follows, on the same clock
};

const paddedShortDate = { month: "2-digit", day: "2-digit", year: "numeric" };
const dayFirst = (separator, pads) => ({ order: ["day", "month", "year"], separator, pads });

const canada = {
  ...unitedStates,
  halves: ["a.m.", "p.m."],
  numbers: { order: ["year", "month", "day"], separator: "-", pads: true },
  shortDate: paddedShortDate,
};

const unitedKingdom = {
  ...unitedStates,
  hourCycle: "h23",
  months: {
    ...unitedStates.months,
    short: words("Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec"),
  },
  halves: ["am", "pm"],
  isDayFirst: true,
  numbers: dayFirst("/", true),
  shortDate: paddedShortDate,
  afterWeekday: ({ isText, hasYear }) => (isText && !hasYear ? " " : ", "),
  padsHours: "mostly",
};

const continental = {
  ...unitedKingdom,
  halves: ["AM", "PM"],
  afterWeekday: () => " ",
  decimal: ",",
};

const germany = {
  ...continental,
  months: {
    long: words(
      "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    ),
    short: words("Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
    alone: words("Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez"),
  },
  days: {
    long: words("Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag"),
    short: words("So. Mo. Di. Mi. Do. Fr. Sa."),
    alone: words("So Mo Di Mi Do Fr Sa"),
  },
  eras: {
    long: ["v. Chr.", "n. Chr."],
    short: ["v. Chr.", "n. Chr."],
    narrow: ["v. Chr.", "n. Chr."],
  },
  afterDay: () => ". ",
  numbers: dayFirst(".", false),
  numbersWithoutDay: dayFirst("/", false),
  afterNumbers: ".",
  mediumDate: paddedShortDate,
  shortDate: { month: "2-digit", day: "2-digit", year: "2-digit" },
  beforeTimeOfLong: () => " um ",
  betweenWeekdayAndTime: ", ",
  afterWeekday: () => ", ",
  afterHour: " Uhr",
};

const france = {
  ...continental,
  months: {
    long: words(
      "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    ),
    short: words("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
  },
  days: {
    long: words("dimanche lundi mardi mercredi jeudi vendredi samedi"),
    short: words("dim. lun. mar. mer. jeu. ven. sam."),
  },
  eras: {
    long: ["avant Jésus-Christ", "après Jésus-Christ"],
    short: ["av. J.-C.", "ap. J.-C."],
    narrow: ["av. J.-C.", "ap. J.-C."],
  },
  beforeTime: (isText) => (isText ? ", " : " "),
  beforeTimeOfLong: () => " à ",
  afterHour: " h",
};

const spain = {
  ...continental,
  months: {
    long: words(
      "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    ),
    short: words("ene feb mar abr may jun jul ago sept oct nov dic"),
  },
  days: {
    long: words("domingo lunes martes miércoles jueves viernes sábado"),
    short: words("dom lun mar mié jue vie sáb"),
    narrow: words("D L M X J V S"),
  },
  eras: {
    long: ["antes de Cristo", "después de Cristo"],
    short: ["a. C.", "d. C."],
    narrow: ["a. C.", "d. C."],
  },
  halves: ["a. m.", "p. m."],
  afterDay: (month) => (month === "long" ? " de " : " "),
  beforeYear: (month) => (month === "long" ? " de " : " "),
  numbers: dayFirst("/", false),
  shortDate: { month: "numeric", day: "numeric", year: "2-digit" },
  beforeTimeOfLong: (isFull) => (isFull ? ", " : " a las "),
  betweenWeekdayAndTime: ", ",
  afterWeekday: () => ", ",
  padsHours: "never",
};

const italy = {
  ...continental,
  months: {
    long: words(
      "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    ),
    short: words("gen feb mar apr mag giu lug ago set ott nov dic"),
  },
  days: {
    long: words("domenica lunedì martedì mercoledì giovedì venerdì sabato"),
    short: words("dom lun mar mer gio ven sab"),
  },
  eras: { long: ["avanti Cristo", "dopo Cristo"], short: ["a.C.", "d.C."], narrow: ["aC", "dC"] },
  shortDate: { month: "2-digit", day: "2-digit", year: "2-digit" },
  beforeTimeOfLong: () => " alle ore ",
  padsLoneHours: false,
};

const netherlands = {
  ...continental,
  months: {
    long: words(
      "januari februari maart april mei juni juli augustus september oktober november december",
    ),
    short: words("jan feb mrt apr mei jun jul aug sep okt nov dec"),
  },
  days: {
    long: words("zondag maandag dinsdag woensdag donderdag vrijdag zaterdag"),
    short: words("zo ma di wo do vr za"),
  },
  eras: {
    long: ["voor Christus", "na Christus"],
    short: ["v.Chr.", "n.Chr."],
    narrow: ["v.C.", "n.C."],
  },
  halves: ["a.m.", "p.m."],
  numbers: dayFirst("-", false),
  beforeTimeOfLong: () => " om ",
};

const brazil = {
  ...continental,
  months: {
    long: words(
      "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    ),
    short: words("jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."),
  },
  days: {
    long: words(
      "domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado",
    ),
    short: words("dom. seg. ter. qua. qui. sex. sáb."),
  },
  eras: {
    long: ["antes de Cristo", "depois de Cristo"],
    short: ["a.C.", "d.C."],
    narrow: ["a.C.", "d.C."],
  },
  afterDay: () => " de ",
  beforeYear: () => " de ",
  beforeTimeOfLong: () => " às ",
  betweenWeekdayAndTime: ", ",
  afterWeekday: () => ", ",
};

const sweden = {
  ...continental,
  months: {
    long: words(
      "januari februari mars april maj juni juli augusti september oktober november december",
    ),
    short: words("jan. feb. mars apr. maj juni juli aug. sep. okt. nov. dec."),
  },
  days: {
    long: words("söndag måndag tisdag onsdag torsdag fredag lördag"),
    short: words("sön mån tis ons tors fre lör"),
  },
  eras: {
    long: ["före Kristus", "efter Kristus"],
    short: ["f.Kr.", "e.Kr."],
    narrow: ["f.Kr.", "e.Kr."],
  },
  halves: ["fm", "em"],
  numbers: { order: ["year", "month", "day"], separator: "-", pads: true },
  numbersWithoutYear: dayFirst("/", false),
  beforeTime: () => " ",
  beforeTimeOfLong: () => " kl. ",
  afterWeekday: ({ isText }) => (isText ? " " : ", "),
};

const forms = {
  __proto__: null,
  en: unitedStates,
  "en-US": unitedStates,
  "en-CA": canada,
  "en-GB": unitedKingdom,
  de: germany,
  "de-DE": germany,
  es: spain,
  "es-ES": spain,
  fr: france,
  "fr-FR": france,
  it: italy,
  "it-IT": italy,
  nl: netherlands,
  "nl-NL": netherlands,
  pt: brazil,
  "pt-BR": brazil,
  sv: sweden,
  "sv-SE": sweden,
};
const isSupported = (tag) => baseOf(tag) in forms;

/** { locale, form, hourCycle } for the first of the locales that is there. */
export function dateLocale(locales) {
  const tag = getCanonicalLocales(locales).find(isSupported) ?? "en-US";
  const base = baseOf(tag);
  const [, hourCycle] = /-u-(?:.*-)?hc-(h11|h12|h23|h24)\b/.exec(tag) ?? [];
  const form = forms[base];
  return {
    locale: hourCycle === undefined ? base : `${base}-u-hc-${hourCycle}`,
    form,
    hourCycle: hourCycle ?? form.hourCycle,
  };
}

/** `DateTimeFormat.supportedLocalesOf`. */
export function supportedLocalesOf(locales, _options = undefined) {
  return getCanonicalLocales(locales).filter(isSupported);
}
