// How figures and amounts of money are written in the languages that have a form of their own
// here. Words, such as those of units and of the compact notation, are English in all of them.
// https://cldr.unicode.org/translation/number-currency-formats

import { baseOf, getCanonicalLocales } from "./locales.js";

const NO_BREAK = "\u00a0";
const NARROW_NO_BREAK = "\u202f";

const SYMBOLS = {
  USD: "$",
  EUR: "€",
  GBP: "£",
  JPY: "¥",
  INR: "₹",
  CNY: "CN¥",
  KRW: "₩",
  BRL: "R$",
  CAD: "CA$",
  AUD: "A$",
  MXN: "MX$",
  NZD: "NZ$",
  HKD: "HK$",
  ILS: "₪",
  VND: "₫",
  TWD: "NT$",
  XAF: "FCFA",
  XOF: "F\u202fCFA",
  PHP: "₱",
};
const NARROW_SYMBOLS = {
  __proto__: null,
  ...SYMBOLS,
  CNY: "¥",
  CAD: "$",
  AUD: "$",
  MXN: "$",
  NZD: "$",
  HKD: "$",
  TWD: "$",
  SEK: "kr",
  NOK: "kr",
  DKK: "kr",
  PLN: "zł",
  CZK: "Kč",
  RUB: "₽",
  TRY: "₺",
  ZAR: "R",
  THB: "฿",
};

/** The usual symbols, but for some: those that are told, and those that are codes. */
const symbols = (others, codes = "") => {
  const all = { __proto__: null, ...SYMBOLS, ...others };
  for (const code of codes.split(" ")) delete all[code];
  return all;
};

const english = {
  decimal: ".",
  group: ",",
  groupsFrom: 4, // digits
  groupPattern: /\d{1,3}(?=(?:\d{3})*$)/g,
  minus: "-",
  beforePercent: "",
  symbols: symbols({}),
  narrowSymbols: NARROW_SYMBOLS,
  isSymbolLast: false,
  afterSymbol: "", // where the symbol is no word
  isSignAfterSymbol: false,
  hasParentheses: true, // in accounts
  range: "–",
};

const continental = {
  ...english,
  decimal: ",",
  group: ".",
  beforePercent: NO_BREAK,
  narrowSymbols: { ...NARROW_SYMBOLS, TWD: "NT$" },
  isSymbolLast: true,
  hasParentheses: false,
};

const german = { ...continental, symbols: symbols({ AUD: "AU$", THB: "฿" }, "PHP") };
const french = {
  ...continental,
  group: NARROW_NO_BREAK,
  symbols: symbols(
    { USD: "$US", GBP: "£GB", CAD: "$CA", AUD: "$AU", MXN: "$MX", NZD: "$NZ" },
    "JPY CNY HKD TWD PHP",
  ),
  hasParentheses: true,
};
const spanish = {
  ...continental,
  groupsFrom: 5,
  symbols: { __proto__: null, EUR: "€", USD: "US$", VND: "₫", THB: "฿" },
  range: "-",
};
const italian = {
  ...continental,
  groupsFrom: 5,
  beforePercent: "",
  symbols: symbols({ THB: "฿" }, "USD JPY INR KRW BRL MXN HKD VND TWD"),
  range: "-",
};
const dutch = {
  ...continental,
  beforePercent: "",
  symbols: symbols({ USD: "US$", JPY: "JP¥", CAD: "C$", AUD: "AU$", THB: "฿" }, "PHP"),
  isSymbolLast: false,
  afterSymbol: NO_BREAK,
  isSignAfterSymbol: true,
  hasParentheses: true,
  range: "-",
};
const brazilian = {
  ...continental,
  beforePercent: "",
  symbols: symbols({ USD: "US$", JPY: "JP¥", AUD: "AU$", THB: "฿" }, "PHP"),
  isSymbolLast: false,
  afterSymbol: NO_BREAK,
};
const swedish = {
  ...continental,
  group: NO_BREAK,
  minus: "\u2212",
  symbols: symbols(
    { USD: "US$", BRL: "BR$", SEK: "kr", NOK: "Nkr", DKK: "Dkr" },
    "GBP JPY INR CNY KRW AUD NZD HKD VND TWD PHP",
  ),
};

const forms = {
  __proto__: null,
  en: english,
  "en-US": english,
  "en-GB": { ...english, symbols: symbols({ USD: "US$", JPY: "JP¥" }) },
  "en-CA": { ...english, symbols: symbols({ USD: "US$", JPY: "JP¥", CAD: "$" }) },
  "en-IN": {
    ...english,
    groupPattern: /\d{1,2}(?=(?:\d{2})*\d{3}$)|\d{1,3}$/g,
    symbols: symbols({ JPY: "JP¥" }),
  },
  de: german,
  "de-DE": german,
  es: spanish,
  "es-ES": spanish,
  fr: french,
  "fr-FR": french,
  it: italian,
  "it-IT": italian,
  nl: dutch,
  "nl-NL": dutch,
  pt: brazilian,
  "pt-BR": brazilian,
  sv: swedish,
  "sv-SE": swedish,
};
const isSupported = (tag) => baseOf(tag) in forms;

/** { locale, form } for the first of the locales that is there. */
export function numberLocale(locales) {
  const locale = baseOf(getCanonicalLocales(locales).find(isSupported) ?? "en-US");
  return { locale, form: forms[locale] };
}

/** `NumberFormat.supportedLocalesOf`. */
export function supportedLocalesOf(locales, _options = undefined) {
  return getCanonicalLocales(locales).filter(isSupported);
}
