"""The session's objects: classified, learned from and explained, in the compute process."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from napari_vessel.attribution import AttributionConfig, Question
from napari_vessel.errors import CallerError, ComputeError
from napari_vessel.geometry import Plane
from napari_vessel.session._objects import Objects
from napari_vessel.session._objects_book import Prediction
from napari_vessel.session._objects_config import KeptClassifier
from napari_vessel.session._objects_done import Done, WhyThis
from napari_vessel.session._objects_judging import Judged, Taught, judge, verdict_of
from napari_vessel.session._objects_lesson import (
    Lesson,
    classifier_path,
    new_classifier,
    only,
    plan_lesson,
)
from napari_vessel.session._objects_open import keep_prediction
from napari_vessel.session._objects_state import Answers, SessionObjectsState
from napari_vessel.session._objects_table import Snapshot, write_for_classifier
from napari_vessel.session._values import Answer, Asked
from napari_vessel.workflows import (
    Classified,
    ClassifySamples,
    ClassifyTrain,
    ExplainClass,
    Explained,
    Progress,
    write_run,
)

__all__ = ["SessionObjects"]

_WAITING = "Waiting for the compute process …"
_NO_CLASSIFIER = "There is no classifier yet: label some objects and press Learn."
_PICTURES = ("test/confusion.png", "curves.png")


class SessionObjects(SessionObjectsState):
    """Classifies objects, learns from those that persons labelled, and says why.

    Every method is a generator for a worker's thread, and takes a snapshot of the objects made on
    the session's thread.
    """

    def classify_objects(self, snapshot: Snapshot) -> Answers:
        """Classify all objects with the classifier in use; persons' labels stay as they are.

        Raises
        ------
        CallerError
            There are no objects, or there is no classifier.
        """
        objects = self._objects_now()
        kept = objects.config.classifier
        if kept is None:
            raise CallerError(_NO_CLASSIFIER)
        if not snapshot.ids:
            raise CallerError("There are no objects yet: mark some first.")
        asked, places = Asked("classify", object(), _WAITING), objects.opened.places
        yield asked
        places.made()
        table = places.objects / "all.csv"
        write_for_classifier(table, snapshot, labelled=False)
        found = yield from self._classified(asked, objects, kept, table)
        classes = kept.called(found.classes)
        prediction = Prediction(kept.id, classes, found.names, found.probabilities)
        keep_prediction(places.prediction, prediction)
        sentence = f"Classified {len(found.names):,} objects in {found.seconds:.1f} s."
        yield Answer("classify", asked.question, Done(sentence, prediction))

    def teach(self, snapshot: Snapshot) -> Answers:
        """Train a classifier on what persons labelled; it is taken only if it is better.

        Both are judged by objects that neither learned from.

        Raises
        ------
        CallerError
            Too little is labelled.
        """
        objects, asked = (
            self._objects_now(),
            Asked("teach", object(), "Preparing what is labelled …"),
        )
        places, config = objects.opened.places, objects.config
        yield asked
        lesson = plan_lesson(
            places, objects.opened.volume, config, snapshot, new_classifier(places)
        )
        for event in self._events("classify", ClassifyTrain(lesson.run, lesson.out)):
            yield Answer("teach", asked.question, event)
        kept = KeptClassifier(
            id=lesson.out.name,
            path=f"classifiers/{lesson.out.name}",
            crop=config.crop,
            labelled=lesson.labelled,
            parent=config.in_use,
        )
        told = Progress(0, 1, "objects", "Judging by the objects set aside")
        yield Answer("teach", asked.question, told)
        new = yield from self._judged(asked, objects, kept, lesson, snapshot)
        old = None
        if config.classifier is not None:
            old = yield from self._judged(asked, objects, config.classifier, lesson, snapshot)
        taught = _taught(lesson, new, old)
        update = {"score": new and new.balanced_accuracy, "held_out": new.count if new else 0}
        kept = kept.model_copy(update=update | {"sentence": taught.sentence})
        yield Answer("teach", asked.question, Done(taught.sentence, (taught, kept)))

    def explain_object(
        self,
        id_: str,
        snapshot: Snapshot,
        asked: str | None = None,
        question: Question = "here",
        config: AttributionConfig | None = None,
    ) -> Answers:
        """Ask why an object is taken for a class, or why not; none: the one it is taken for."""
        objects, asking = self._objects_now(), object()
        kept, volume = objects.config.classifier, objects.opened.volume
        if kept is None:
            raise CallerError(_NO_CLASSIFIER)
        yield Asked("explain", asking, _WAITING)
        table = objects.opened.places.made() / "asked.csv"
        one = only(snapshot, (id_,))
        write_for_classifier(table, one, labelled=False)
        request = ExplainClass(
            str(classifier_path(objects.opened.places, kept)),
            data=kept.crop.data(volume, table, labelled=False),
            sample=id_,
            asked=None if asked is None else kept.original(asked),
            question=question,
            config=config or AttributionConfig(),
        )
        z, y, x = one.points[0].tolist()
        box = kept.crop.box(volume, (z, y, x))
        for event in self._events("explain-class", request, priority=1):
            if isinstance(event, Explained):
                why = WhyThis(id_, Plane(kept.crop.plane), box, event)
                yield Answer("explain", asking, Done(event.sentence, why))
            else:
                yield Answer("explain", asking, event)

    def write_objects_run(self, out: Path, snapshot: Snapshot) -> Answers:
        """Write a file that trains the same with ``napari-vessel run``, its labels beside it."""
        objects, asked = self._objects_now(), Asked("export", object(), f"Writing {out.name} …")
        yield asked
        places, at = objects.opened.places, out.with_suffix("")
        places.made()
        lesson = plan_lesson(places, objects.opened.volume, objects.config, snapshot, at)
        write_run(out, ClassifyTrain(lesson.run, at.with_name(f"{at.name}.classifier")))
        sentence = f"Wrote {out}: napari-vessel run {out.name} trains the same."
        yield Answer("export", asked.question, Done(sentence))

    # -- inside ----------------------------------------------------------------

    def _classified(
        self, asked: Asked, objects: Objects, kept: KeptClassifier, table: Path
    ) -> Generator[Asked | Answer, None, Classified]:
        """Classify the objects of a table as ``kept`` was taught to see them."""
        places, volume = objects.opened.places, objects.opened.volume
        data = kept.crop.data(volume, table, labelled=False)
        request = ClassifySamples(str(classifier_path(places, kept)), data)
        for event in self._events("classify-samples", request, priority=1):
            if isinstance(event, Classified):
                return event
            yield Answer(asked.name, asked.question, event)
        raise ComputeError("The compute process ended without an answer: try again.")

    def _judged(
        self,
        asked: Asked,
        objects: Objects,
        kept: KeptClassifier,
        lesson: Lesson,
        snapshot: Snapshot,
    ) -> Generator[Asked | Answer, None, Judged | None]:
        """Judge a classifier by the objects that were set aside; None where there are none."""
        if not lesson.held_out:
            return None
        table = objects.opened.places.classifiers / f"{lesson.out.name}.aside.csv"
        write_for_classifier(table, only(snapshot, lesson.held_out), labelled=False)
        found = yield from self._classified(asked, objects, kept, table)
        place = {name: at for at, name in enumerate(found.names)}
        rows = found.probabilities[[place[id_] for id_ in lesson.held_out]]
        return judge(lesson.truth, kept.called(found.classes), rows)


def _taught(lesson: Lesson, new: Judged | None, old: Judged | None) -> Taught:
    adopted, sentence = verdict_of(new, old, is_sure=lesson.is_sure)
    confusion, curves = (
        str(path) if (path := lesson.out / name).exists() else "" for name in _PICTURES
    )
    said = " ".join((sentence, *lesson.notes))
    return Taught(lesson.out.name, adopted, said, new, old, confusion=confusion, curves=curves)
