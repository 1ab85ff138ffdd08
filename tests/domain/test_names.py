"""Names as Magento takes them: nothing of any script is lost, and both parts are there."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.names import NO_LAST_NAME, clean_name, one_line, split_name, storable
from tests.domain.orders import ANY, relaxed

# Magento's own rule (magento-rest 6) without the `u` flag's property classes, which `re` does not know.
SIGNS = ",-_.'’`"


def magento_takes(name: str) -> bool:
    return 0 < len(name) <= 255 and all(
        sign in SIGNS or unicodedata.category(sign)[0] in "LM" or sign.isspace() or sign.isdecimal() for sign in name
    )


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Jane Doe", "Jane", "Doe"),
        ("  Jane\t Q.  Doe ", "Jane Q.", "Doe"),
        ("Madonna", "Madonna", NO_LAST_NAME),
        ("O'Connor-Smith Anne-Marie", "O'Connor-Smith", "Anne-Marie"),
        ("José María Núñez", "José María", "Núñez"),
        ("Ελένη Παπαδοπούλου", "Ελένη", "Παπαδοπούλου"),
        ("山田 太郎", "山田", "太郎"),
        ("محمد علي", "محمد", "علي"),
        ("अनिता शर्मा", "अनिता", "शर्मा"),
        ("Jane “JD” Doe", "Jane JD", "Doe"),
        ("Jane O\u2018Neil", "Jane", "O'Neil"),
        ("Back\\slash", "Back-slash", NO_LAST_NAME),
        ("Jane Doe c/o Smith", "Jane Doe c-o", "Smith"),
        ("Smith & Sons", "Smith", "Sons"),
        ("Doe (Jane)", "Doe", "Jane"),
        ("Jane 🎉 Doe", "Jane", "Doe"),
        ("𝓙𝓪𝓷𝓮 Doe", "Jane", "Doe"),
        ("jane@doe.example", "jane", "doe.example"),
    ],
)
def test_a_name_is_split_where_its_last_word_begins(name, first, last):
    assert split_name(name) == (first, last)


def test_a_company_stands_in_for_a_person_without_name():
    assert split_name(None, "ACME Trading GmbH") == ("ACME Trading", "GmbH")
    assert split_name("👍", "ACME") == ("ACME", NO_LAST_NAME)


@pytest.mark.parametrize("nothing", [None, "", "  ", "🎉", "---", "&", "\x00"])
def test_nobody_is_an_amazon_customer(nothing):
    assert split_name(nothing) == ("Amazon", "customer")


@given(st.text(ANY, max_size=300), st.none() | st.text(ANY, max_size=40))
@settings(relaxed, max_examples=50)
def test_both_parts_are_always_there_and_taken_by_magento(name, company):
    first, last = split_name(name, company)
    assert magento_takes(first)
    assert magento_takes(last)
    assert "/" not in first + last


@given(st.text(ANY, max_size=200))
@settings(relaxed, max_examples=50)
def test_no_letter_of_the_basic_plane_is_lost(name):
    def letters(text: str) -> str:
        return "".join(c for c in text if unicodedata.category(c)[0] == "L" and ord(c) <= 0xFFFF)

    if all(ord(c) <= 0xFFFF for c in name):
        assert letters(clean_name(name)) == letters(name)


@given(st.text(ANY, max_size=200))
@settings(relaxed, max_examples=50)
def test_cleaning_twice_is_cleaning_once(name):
    assert clean_name(clean_name(name)) == clean_name(name)


@given(st.text(ANY, max_size=200))
@settings(relaxed, max_examples=50)
def test_what_is_storable_has_no_character_of_four_bytes_and_no_control(text):
    kept = storable(text)
    assert all(len(sign.encode()) <= 3 for sign in kept)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", kept.replace("\r", ""))


def test_a_letter_that_the_database_cannot_keep_leaves_a_mark():
    assert storable("𠮷野家") == "_野家"
    assert storable("Thanks 🎁!\nBye") == "Thanks !\nBye"
    assert storable("re\u200dli\u200bef") == "re\u200dli\u200bef"


def test_a_text_of_one_line_is_cut_at_its_length():
    assert one_line(" a \n b\tc ") == "a b c"
    assert one_line("x" * 300) == "x" * 255
    assert one_line("abc def", 4) == "abc"
    assert one_line(None) == ""
