"""Networks of one shape share what JAX compiled for the first of them: compiling takes longer than a short training."""

from collections import OrderedDict

import keras

from flts.training.settings import TrainingSettings

Shape = tuple[tuple[str, str], ...]
"""All that the computation of a network depends on, apart from the numbers in its variables."""

# What JAX compiled takes some 20 MiB for each shape.
_MOST_SHAPES = 8
_trained: OrderedDict[Shape, keras.Model] = OrderedDict()


def shape_of(settings: TrainingSettings, features: int) -> Shape:
    """Networks of an equal shape compute alike."""
    return (*settings.hyperparameters.items(), ("features", str(features)))


def reuse(shape: Shape, network: keras.Model) -> None:
    """Let a network, which is compiled for Keras, take the steps of one of its shape that was trained before, if any.

    The steps of Keras on JAX are functions of the variables that they are given, so that no number is shared.
    """
    first = _trained.get(shape)
    if first is None:
        return
    _trained.move_to_end(shape)
    first.make_test_function()
    first.make_predict_function()
    network.train_function = first.train_function
    network.test_function = first.test_function
    network.predict_function = first.predict_function


def keep(shape: Shape, network: keras.Model) -> None:
    """Lend the steps of a trained network, whose metrics and optimizer are built, to later ones of its shape."""
    _trained.setdefault(shape, network)
    if len(_trained) > _MOST_SHAPES:
        _trained.popitem(last=False)
