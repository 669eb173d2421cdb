"""Letters become the words that were meant, and what was written is never lost."""

import random
from collections.abc import Sequence
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerspell.datasets.published.catalogue import DATASETS
from fingerspell.errors import FingerspellError
from fingerspell.inference.letters import Letter
from fingerspell.inference.words import Speller, Suggestion, sample

AMERICAN, ARABIC = "american", "arabic"
LABELS = {AMERICAN: tuple(DATASETS[AMERICAN].letters), ARABIC: (*DATASETS["arasl"].letters, "space", "del")}
SIGNS = {
    name: [label for label in labels if label not in ("space", "del", "nothing")] for name, labels in LABELS.items()
}
ARABIC_LABEL = {letter: label for label, letter in DATASETS["arasl"].letters.items()}


def written(
    labels: Sequence[str],
    held: Sequence[int] = (),
    bounced: Sequence[int] = (),
    paused: Sequence[int] = (),
    doubted: dict[int, dict[str, float]] | None = None,
) -> list[Letter]:
    """Return letters of 0.4 s, certain but for those `doubted`.

    held, bounced, paused: places of letters held long, of the second of two alike, of those after a pause.
    """
    letters, time = [], 0.0
    for place, label in enumerate(labels):
        time += 2.0 if place in paused else 0.2
        end = time + (0.9 if place in held else 0.4)
        candidates = tuple((doubted or {}).get(place, {label: 0.95}).items())
        letters.append(Letter(label, time, end, candidates[0][1], candidates, place in bounced))
        time = end
    return letters


def texts(suggestions: list[Suggestion]) -> list[str]:
    return [suggestion.text for suggestion in suggestions]


def american(labels: Sequence[str], **hints) -> list[str]:
    return texts(Speller.open(AMERICAN).suggest(written(labels, **hints)))


def arabic(labels: str) -> list[str]:
    return texts(Speller.open(ARABIC).suggest(written(labels.split())))


def test_a_letter_that_is_held_may_be_two():
    assert american("HELO", held=[2])[:2] == ["HELLO", "HELO"]
    assert american("LOSE", held=[1])[:2] == ["LOSE", "LOOSE"]
    assert american("LOSE")[0] == "LOSE"
    score = {held: Speller.open(AMERICAN).suggest(written("LOSE", held=held))[1].score for held in ((), (1,))}
    assert score[(1,)] > 10 * score[()]


def test_two_letters_may_be_one_that_bounced():
    assert american("BOOK", bounced=[2])[0] == "BOOK"
    assert american("HOOPE", bounced=[2])[:2] == ["HOPE", "HOOPE"]
    assert american("HOOPE")[0] == "HOOPE"


def test_a_double_without_a_hint_is_offered():
    first, second = Speller.open(AMERICAN).suggest(written("HELO"))[:2]
    assert {first.text, second.text} == {"HELO", "HELLO"} and second.score > 0.005
    assert "BOOK" in american("BOK")


@pytest.mark.parametrize("name", ["ZOLTAN", "KAREM", "XAVIQ", "SIOBHAN", "WOJTEK", "SZABO", "NGUYEN", "JONN"])
def test_a_name_stays(name):
    assert american(name)[0] == name


@pytest.mark.parametrize("name", ["تكريت", "دهوك", "نوف", "كنان", "غدانسك"])
def test_an_arabic_name_stays_though_a_letter_may_have_been_another(name):
    labels = signed(name, ARABIC)
    doubted = {place: {label: 0.98, "ra": 0.01} for place, label in enumerate(labels) if label != "ra"}
    assert texts(Speller.open(ARABIC).suggest(written(labels, doubted=doubted)))[0] == name


def test_doubtful_letters_are_decided_by_the_words():
    doubt = {"N": 0.55, "M": 0.4, "T": 0.05}
    assert american("NONEY", doubted={0: doubt})[0] == "MONEY"
    assert american("NONEY")[0] != "MONEY"
    assert set(american("NAP", doubted={0: doubt})[:2]) == {"NAP", "MAP"}


def test_a_letter_beyond_all_candidates_missing_or_too_many_is_mended():
    assert american("HOSPQTAL")[0] == "HOSPITAL"
    assert "INTERNATIONAL" in american("INTERNATINAL")
    assert "INTERNATIONAL" in american("INTERNAXTIONAL")
    assert american("CATQ")[0] == "CATQ" and american("CATQ", doubted={3: {"Q": 0.5, "nothing": 0.4}})[0] == "CAT"


def test_space_del_and_nothing():
    speller = Speller.open(AMERICAN)
    letters = written(["H", "E", "X", "del", "L", "L", "O", "nothing", "space", "W", "O", "R", "L", "D"])
    assert speller.raw(letters) == "HELLO WORLD"
    best = speller.suggest(letters)[0]
    assert (best.text, best.known) == ("HELLO WORLD", True) and best.score > 0.9
    assert speller.raw(written(["del", "A", "space", "del", "B", "space"])) == "AB "
    assert speller.suggest(written(["space", "nothing", "A", "del"])) == [] == speller.suggest([])


def test_a_pause_ends_a_word_where_the_list_likes_it():
    assert american("HELLOWORLD", paused=[5])[0] == "HELLO WORLD"
    assert american("BUTTER", paused=[3])[0] == "BUTTER"
    assert american("HELLOWORLD")[0] == "HELLOWORLD"
    assert american("HELLOZOLTAN", paused=[5])[0] == "HELLO ZOLTAN"


def test_what_is_known():
    known = {suggestion.text: suggestion.known for suggestion in Speller.open(AMERICAN).suggest(written("HELO"))}
    assert known["HELO"] is False and known["HELLO"] is True


def test_an_apostrophe_comes_back():
    assert american("DONT")[0] == "DON'T"
    assert american("WERE")[:2] == ["WERE", "WE'RE"]


def test_arabic_spelling_is_restored():
    assert arabic("aleff nun aleff")[:2] == ["أنا", "انا"]
    assert arabic("sheen yaa")[0] == "شيء" and "شي" in arabic("sheen yaa")
    assert arabic("aleff laam yaa")[0] == "إلى"
    assert arabic("meem sheen kaaf laam toot")[0] == "مشكلة"


def test_signs_of_two_arabic_letters_are_both_letters():
    assert arabic("al meem dal ra seen toot")[0] == arabic("aleff laam meem dal ra seen toot")[0] == "المدرسة"
    assert arabic("la zay meem")[0] == arabic("laam aleff zay meem")[0] == "لازم"


def test_beginnings_are_completed():
    assert Speller.open(AMERICAN).complete("TOMORR", 1) == ["TOMORROW"]
    assert Speller.open(AMERICAN).complete("HEL", 2) == ["HELP", "HELL"]
    assert "أنت" in Speller.open(ARABIC).complete("ان", 20)
    assert Speller.open(AMERICAN).complete("XQZ") == [] == Speller.open(AMERICAN).complete("")


def test_what_cannot_be_is_refused_in_a_sentence():
    with pytest.raises(FingerspellError, match="american, arabic"):
        Speller.open("klingon")
    with pytest.raises(FingerspellError, match="no sign of this alphabet"):
        Speller.open(AMERICAN).suggest(written(["A", "aleff"]))
    with pytest.raises(FingerspellError, match="ask for fewer"):
        sample(AMERICAN, 10, 1, 40, 50)


def letters_of(alphabet: str):
    labels = st.sampled_from(LABELS[alphabet])
    share = st.floats(0, 1) | st.just(float("nan"))
    letter = st.builds(
        lambda label, time, hold, share, others, bounced: Letter(
            label, time, time + hold, share, tuple(others), bounced
        ),
        labels,
        st.floats(0, 30),
        st.floats(-1, 3),
        share,
        st.lists(st.tuples(labels, share), max_size=5),
        st.booleans(),
    )
    return st.tuples(st.just(alphabet), st.lists(letter, max_size=14))


@settings(max_examples=60)
@given(letters_of(AMERICAN) | letters_of(ARABIC), st.integers(1, 8))
def test_what_was_written_is_always_offered(alphabet_letters, most):
    alphabet, letters = alphabet_letters
    speller = Speller.open(alphabet)
    raw, suggestions = speller.raw(letters), speller.suggest(letters, most)
    if not raw.strip():
        assert suggestions == []
        return
    assert raw in texts(suggestions) and len(suggestions) <= most
    assert len(set(texts(suggestions))) == len(suggestions)
    scores = [suggestion.score for suggestion in suggestions]
    assert scores == sorted(scores, reverse=True) and scores[-1] >= 0 and sum(scores) <= 1 + 1e-9


def signed(word: str, alphabet: str) -> list[str]:
    """Return the labels of a word, two letters on one sign where there is such a sign."""
    labels = list(word)
    if alphabet == ARABIC:
        labels = []
        while word:
            size = 2 if word[:2] in ARABIC_LABEL else 1
            labels.append(ARABIC_LABEL[word[:size]])
            word = word[size:]
    return labels


def misread(word: str, alphabet: str, chance: random.Random) -> list[Letter]:
    """Return a word as a middling reader gives it: 15% of letters wrong, the right one second; doubles held."""
    letters, time = [], 0.0
    for label, run in groupby(signed(word, alphabet)):
        for left in range(len(list(run)), 0, -2):
            hold = 0.4 * chance.uniform(0.85, 1.15) * (2.2 if left > 1 else 1)
            others = chance.sample([other for other in SIGNS[alphabet] if other != label], 4)
            if chance.random() < 0.15:
                first = chance.uniform(0.45, 0.7)
                second = (1 - first) * chance.uniform(0.5, 0.9)
                shares = [(others.pop(), first), (label, second)]
            else:
                shares = [(label, chance.uniform(0.6, 0.97))]
            rest = 1 - sum(share for _, share in shares)
            shares += [(other, rest * part) for other, part in zip(others, (0.6, 0.3, 0.1))]
            letters.append(Letter(shares[0][0], time, time + hold, shares[0][1], tuple(shares)))
            time += hold + 0.25
    return letters


@pytest.mark.parametrize("alphabet", [AMERICAN, ARABIC])
def test_words_of_a_middling_reader_are_mended(alphabet):
    chance, speller, words = random.Random(25), Speller.open(alphabet), sample(alphabet, 200, 25)
    read = [misread(word, alphabet, chance) for word in words]
    mended = sum(speller.suggest(letters)[0].text == word for word, letters in zip(words, read))
    right = sum(speller.raw(letters) == word for word, letters in zip(words, read))
    print(f"{alphabet}: {right} of 200 words were read, {mended} are the first suggestion")
    assert right < 120 and mended >= 190


def test_samples_are_common_words_that_can_be_signed():
    for alphabet in (AMERICAN, ARABIC):
        words = sample(alphabet, 300, 4, 3, 9)
        assert words == sample(alphabet, 300, 4, 3, 9) != sample(alphabet, 300, 5, 3, 9)
        assert len(set(words)) == 300 and all(3 <= len(word) <= 9 for word in words)
        assert all(set(signed(word, alphabet)) <= set(SIGNS[alphabet]) for word in words)
        speller = Speller.open(alphabet)
        assert all(speller.suggest(written(signed(word, alphabet)))[0].known for word in words[:30])
    everything = set(sample(AMERICAN, 4000, 1, 2, 20))
    assert not everything & {"SHIT", "YEAH", "HMM", "DON'T", "GONNA", "UH"} and {"GLASS", "PASS"} <= everything
