"""Six steps, in order, each done or skipped; what is left is always found."""

from hypothesis import given
from hypothesis import strategies as st

from practice.sessions.rules.setting_up import (
    LABELS,
    How,
    Step,
    after,
    number_words,
    progress,
)

KEPT = st.dictionaries(st.sampled_from([*Step, "of-yesterday"]), st.sampled_from([*How, "begun"]))


def test_there_are_six_steps_and_each_has_its_words() -> None:
    assert [number_words(step) for step in Step] == [f"Step {n} of 6" for n in range(1, 7)]
    assert LABELS.keys() == set(Step)


def test_progress_is_told_in_words() -> None:
    assert progress({}).words == "0 of 6 steps done"
    assert progress({"hours": "skipped", "practice": "done"}).words == (
        "1 of 6 steps done, 1 skipped"
    )


@given(KEPT)
def test_going_on_leads_through_every_open_step_and_then_to_the_end(kept: dict[str, str]) -> None:
    open_steps = {step for step in Step if kept.get(step) not in set(How)}
    seen, now = set(), progress(kept).next

    while now is not None:
        seen.add(now)
        kept = kept | {now: How.DONE}
        now = after(now, progress(kept))

    assert seen == open_steps
    assert progress(kept).next is None


def test_a_step_in_the_middle_goes_on_with_the_next_and_then_around_the_corner() -> None:
    first_left = progress({step: "done" for step in Step if step is not Step.PRACTICE})

    assert after(Step.HOURS, progress({"hours": "done"})) is Step.SERVICES
    assert after(Step.FIRST_BOOKING, first_left) is Step.PRACTICE
