import { equal, same } from "./assert.js";

export function a_setter_given_no_number_makes_the_date_invalid() {
  const names = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith("set"));
  equal(names.length > 13, true);
  for (const name of names) {
    const date = new Date(0);
    same(date[name](NaN), NaN, name);
    same(date.getTime(), NaN, name);
  }
}

export function setters_still_set_and_look_as_before() {
  const date = new Date(0);
  same(date.setUTCFullYear(2020, 1, 29), Date.UTC(2020, 1, 29));
  same(date.setUTCHours(1, 2, 3, 4), Date.UTC(2020, 1, 29, 1, 2, 3, 4));
  equal([Date.prototype.setUTCHours.length, Date.prototype.setHours.name], [4, "setHours"]);
  equal(Object.keys(Date.prototype), []);
}

export function a_text_names_the_time_zone_and_is_read_again() {
  const date = new Date(1e12);
  const text = "Sun Sep 09 2001 01:46:40 GMT+0000 (Coordinated Universal Time)";
  equal([`${date}`, date + "", date.toString(), String(date)], [text, text, text, text]);
  same(date.toTimeString(), text.slice(16));
  same(date.toDateString(), text.slice(0, 15));
  same(date.toUTCString(), "Sun, 09 Sep 2001 01:46:40 GMT");
  same(Date.parse(text), 1e12);
  equal([`${new Date(NaN)}`, new Date(NaN).toTimeString()], ["Invalid Date", "Invalid Date"]);
}
