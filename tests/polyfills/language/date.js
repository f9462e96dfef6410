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
