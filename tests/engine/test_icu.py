"""ICU, called through cffi."""

import pytest

from holdfast.engine.icu.formatted import fields_in, pieces, text_in
from holdfast.engine.icu.library import (
    NAME,
    NULL,
    IcuError,
    checked,
    icu,
    name_of,
    opened,
    text_at,
    text_of,
    utf16,
)


def formatted(skeleton, locale, number):
    formatter = opened(
        icu.unumf_close, icu.unumf_openForSkeletonAndLocale, *utf16(skeleton), locale.encode()
    )
    result = opened(icu.unumf_closeResult, icu.unumf_openResult)
    checked(icu.unumf_formatDouble, formatter, number, result)
    value = checked(icu.unumf_resultAsValue, result)
    text, fields = text_in(value), list(fields_in(value))
    return [text[start:limit] for _, start, limit in pieces(len(text), fields)]


def test_a_number_is_formatted_and_told_apart():
    assert formatted(".00", "de", -1234.5) == ["-", "1", ".", "234", ",", "50"]


def test_what_icu_refuses_is_an_error_that_names_the_function():
    with pytest.raises(IcuError, match="unumf_openForSkeletonAndLocale: U_NUMBER_SKELETON"):
        formatted("no-such-stem", "de", 1)


def test_a_name_longer_than_the_buffer_is_whole():
    tag = "en-u-" + "-".join(f"abcd{n:04}" for n in range(60))
    locale = name_of(icu.uloc_forLanguageTag, tag.encode(), after=(NULL,))
    assert locale.count("-abcd") == 59


def test_lone_surrogates_pass_through():
    assert text_at(*utf16("a\ud800b😀")) == "a\ud800b😀"


@pytest.mark.parametrize(
    "name", ["libicui18n-6d1f5e33.so.78.3", "libicui18n.78.3.dylib", "libicui18n.so.78"]
)
def test_the_version_of_icu_is_read_from_the_name_of_its_file(name):
    assert NAME.fullmatch(name)[1] == "78"


def test_the_machine_is_not_asked_for_its_time_zone():
    assert text_of(icu.ucal_getDefaultTimeZone) == "Etc/UTC"
