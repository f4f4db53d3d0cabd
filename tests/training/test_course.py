from synthuterus_bench.training.config import LoopConfig
from synthuterus_bench.training.course import Course, obstacle


def test_patience_counts_evaluations_without_improvement():
    course = Course(50, [], [(10, 3.0), (20, 2.0), (30, 2.0), (40, 2.5), (50, 1.0)])
    assert course.best == (50, 1.0)
    assert course.stops_at(0) is None
    assert course.stops_at(1) == 30, "as good is no improvement"
    assert course.stops_at(2) == 40
    assert course.stops_at(3) is None


def test_the_first_of_equals_is_the_best():
    assert Course(20, [], [(10, 2.0), (20, 2.0)]).best == (10, 2.0)
    assert Course().best is None


def test_what_stands_between_a_checkpoint_and_another_end():
    long = LoopConfig(steps=100, decay_steps=20, warmup_steps=5)
    short = LoopConfig(steps=60, decay_steps=20, warmup_steps=5)
    assert obstacle(Course(40), long, short) is None
    assert obstacle(Course(41), long, short) is None, "the first step of a decay still has the whole rate"
    assert "another learning rate from step 41" in obstacle(Course(42), long, short)
    assert "another learning rate from step 41" in obstacle(Course(60), short, long)
    assert "70 steps are done, 60 wanted" in obstacle(Course(70), long, short)
    watched = Course(30, [], [(10, 1.0), (20, 2.0), (30, 2.0)])
    impatient = short.model_copy(update={"patience": 1})
    assert "a patience of 1 would have stopped it at step 20" in obstacle(watched, short, impatient)
    assert obstacle(watched, short, short.model_copy(update={"patience": 2})) is None, "it stops right here"
