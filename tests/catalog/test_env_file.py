"""Files of secrets for development, as npm's dotenv reads them; compared with Wrangler by hand."""

import pytest

from holdfast.catalog.env_file import expanded, parse_env_file


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=1\r\nB = two words \nexport C=3", {"A": "1", "B": "two words", "C": "3"}),
        ("A=a#b\nB='a#b' # c\nC=", {"A": "a", "B": "a#b", "C": ""}),
        ("A: 1\nB.c-d=2", {"A": "1", "B.c-d": "2"}),
        (r'A="a\nb\tc"' + "\n" + r"B='a\nb'", {"A": "a\nb\\tc", "B": r"a\nb"}),
        (
            'A="-----BEGIN\nKEY-----"\nB=`it\'s "so"`',
            {"A": "-----BEGIN\nKEY-----", "B": 'it\'s "so"'},
        ),
        ('A={"b": "c"}\nA=2', {"A": "2"}),
        ("A=$B\nC=${A}", {"A": "$B", "C": "${A}"}),
    ],
)
def test_a_file_is_read_as_wrangler_reads_it(text, values):
    found = parse_env_file(text)
    assert found.values == values and found.mistakes == ()


def test_lines_that_set_nothing_are_told_by_their_number():
    text = "# a\n\nTOKEN\nA=1\n-- B=2\n\n  # c\nC='x\ny'\nmy key=2\n"
    found = parse_env_file(text)
    assert found.values == {"A": "1", "C": "x\ny"}
    assert found.mistakes == (3, 5, 10)


@pytest.mark.parametrize(
    ("value", "expansion"),
    [
        ("http://$HOST:${PORT}/", "http://a.example:80/"),
        ("${NONE:-other}${NONE-b}${HOST:+c}${NONE:+d}", "otherbc"),
        ("$NONE|${NONE:-${PORT}}", "|80"),
        (r"a\$HOST", "a$HOST"),
        ("$PATH$LATER", ""),
    ],
)
def test_names_stand_for_values_before_them_and_not_for_the_shells(value, expansion):
    given = {"HOST": "a.example", "PORT": "80", "X": value, "LATER": "no"}
    assert expanded(given)["X"] == expansion


def test_what_stands_for_itself_ends():
    expanded({"A": r"x\$A$A", "B": "$A$A"})
