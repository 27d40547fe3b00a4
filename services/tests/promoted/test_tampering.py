"""Nothing is served that was changed, or that is not a model of the promotion."""

import pytest
from serving_models import (
    BUCKET,
    KEYS,
    ROWS,
    copied_promotion,
    last_plus,
    make_spec,
    make_version,
    promote,
    stored,
)

from flts.common.messages import LARGEST_ARTIFACT_BYTES
from flts.common.promotions import LARGEST_POINTER_BYTES
from flts.common.serving import SelfCheck
from flts.forecasting.model import BadModel, ServingModel

TAMPERED_POINTERS = {
    "no JSON": lambda body: b"--boundary {}",
    "a run that leads elsewhere": lambda body: body.replace(b'"run-1"', b'"../x"'),
    "a path in the model's key": lambda body: body.replace(b"global/models/", b"global/models/../models/"),
    "another bucket's object": lambda body: body.replace(b"global/models/", b"mlflow/0/"),
    "another scope's object": lambda body: body.replace(b"global/models/", b"team-a/models/"),
    "another pipeline": lambda body: body.replace(b'"identifier":""', b'"identifier":"team-a"'),
    "another series": lambda body: body.replace(b'"series":"site"', b'"series":"other"'),
    "a series that leads elsewhere": lambda body: body.replace(b'"series":"site"', b'"series":"../site"'),
    "a size over the limit": lambda body: body.replace(b'"size":', b'"size":%d' % LARGEST_ARTIFACT_BYTES),
    "a digest that is none": lambda body: body.replace(b'"sha256":"', b'"sha256":"zz'),
    "a pointer over the limit": lambda body: body + b" " * LARGEST_POINTER_BYTES,
}


@pytest.mark.parametrize("change", TAMPERED_POINTERS.values(), ids=TAMPERED_POINTERS)
def test_a_tampered_pointer_is_refused(models, store, promoted, change):
    body = promote(store, series="site").to_bytes()
    changed = change(body)
    assert changed != body
    store.put(BUCKET, KEYS.current("site"), changed)
    promoted.refresh()
    assert models.current is None


def test_digests_that_do_not_belong_to_the_content_are_refused(models, store, source, promoted):
    promotion = promote(store, series="site")
    for changes in ({"sha256": "0" * 64}, {"size": 1}):
        wrong = promotion.model_copy(update={"model": promotion.model.model_copy(update=changes)})
        with pytest.raises(BadModel):
            source.load(wrong, 1)


@pytest.mark.parametrize("file", ["model", "spec"])
def test_an_object_that_was_changed_after_the_promotion_is_refused(models, store, promoted, file):
    promotion = promote(store, series="site")
    key = getattr(promotion, file).key
    # As long as the original, which has other bytes.
    store.put(BUCKET, key, bytes(reversed(store.get(BUCKET, key).body)))
    promoted.refresh()
    assert models.current is None


def test_an_object_over_the_limit_is_not_read(store, source):
    promotion = promote(store)
    store.put(BUCKET, promotion.model.key, b"x" * (LARGEST_ARTIFACT_BYTES + 1))
    with pytest.raises(BadModel, match="at most"):
        source.load(promotion, 1)


def test_a_spec_of_another_pipeline_is_refused(store, source):
    content = last_plus(0.1, 1, 2)
    spec = make_spec(content, identifier="team-a").model_dump_json().encode()
    promotion = copied_promotion(store, spec=stored(store, spec, "serving.json"))
    with pytest.raises(BadModel, match="of the pipeline 'team-a'"):
        source.load(promotion, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_sha256": "0"}, "SHA-256"),
        ({"config_hash": "other"}, "the run was to be"),
        ({"model_type": "LSTM"}, "the run was to be"),
        ({"features": ["b", "a"]}, "another order"),
        ({"self_check": SelfCheck(window=[[1.0, 1.0]] * ROWS, expected=[5.0])}, "answers its self-check"),
        ({"self_check": SelfCheck(window=[[1.0]] * ROWS, expected=[1.1])}, "shape"),
        ({"output_seq_len": 2}, "expects 1 rows of a model of 2"),
    ],
)
def test_models_that_must_not_be_served(changes, words):
    content = last_plus(0.1, 1, 2)
    with pytest.raises(BadModel, match=words):
        ServingModel(make_version(), make_spec(content, **changes), content)


def test_bytes_that_are_no_model():
    with pytest.raises(BadModel, match="does not load"):
        ServingModel(make_version(), make_spec(b"junk"), b"junk")
