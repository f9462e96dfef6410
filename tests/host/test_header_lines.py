from holdfast.host.header_lines import fields_in, in_lines, pairs_in


def test_lines_are_read_as_the_pairs_that_they_were_written_from():
    pairs = [("Accept", "*/*"), ("x-empty", ""), ("accept", "text/html")]
    assert pairs_in(in_lines(pairs)) == pairs
    assert pairs_in(in_lines([])) == []


def test_the_values_of_one_name_are_joined_whatever_its_case():
    lines = "Accept\n*/*\nx-empty\n\naccept\ntext/html\n"
    assert fields_in(lines) == {"accept": "*/*, text/html", "x-empty": ""}
