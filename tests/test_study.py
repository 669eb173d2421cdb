"""The tables of results: what was run elsewhere, or again, must not touch the rest."""

from benchmarks import study


def experiment(accuracy: float, processor: str) -> dict:
    machine = {"processor": processor, "cores": 2, "memory_bytes": 2**33, "system": "Linux", "packages": {"numpy": "2"}}
    return {"metrics": {"accuracy": accuracy}, "machine": machine}


def run(accuracy: float, processor: str, seconds: int) -> dict:
    return {
        "stages": {
            f"{stage}-{name}": {"seconds": seconds} for stage in ("train", "evaluate") for name in ("one", "two")
        },
        "experiments": {name: experiment(accuracy, processor) for name in ("one", "two")},
        "audit": {"asl_alphabet": {"images": seconds}},
        "external": {"photos": {"one": {"accuracy": accuracy}, "two": {"accuracy": accuracy}}},
    }


def test_a_named_experiment_is_renewed_and_the_others_stay():
    merged = study._merged(run(0.5, "old", 10), run(0.9, "new", 20), ("two",))
    assert {name: one["metrics"]["accuracy"] for name, one in merged["experiments"].items()} == {"one": 0.5, "two": 0.9}
    assert {stage: cost["seconds"] for stage, cost in merged["stages"].items()} == {
        "train-one": 10,
        "train-two": 20,
        "evaluate-one": 10,
        "evaluate-two": 20,
    }
    assert merged["external"]["photos"] == {"one": {"accuracy": 0.5}, "two": {"accuracy": 0.9}}
    assert merged["audit"] == {"asl_alphabet": {"images": 10}}


def test_no_figure_of_an_older_model_stays_beside_a_newer_one():
    found = run(0.9, "new", 20) | {"external": {}}
    assert study._merged(run(0.5, "old", 10), found, ("two",))["external"]["photos"] == {"one": {"accuracy": 0.5}}


def test_every_machine_is_named_with_what_it_ran():
    merged = study._merged(run(0.5, "old", 10), run(0.9, "new", 20), ("two",))
    assert study._machine_markdown(merged).splitlines() == [
        "- old, 2 cores, 8 GiB; Linux; numpy 2: `one`",
        "- new, 2 cores, 8 GiB; Linux; numpy 2: `two`",
    ]
