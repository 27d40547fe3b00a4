"""Topics in a Kafka that several stacks use: who has them, who is refused, and who may take them over."""

import json

import pytest

from flts.topics.declaration import DeclarationError, Topic
from flts.topics.ownership import Owner, Ownership, OwnershipDeclaration, OwnershipError, read_ownership

FIRST = Owner(stack="organization/flts/dev", namespace="flts", cluster="c1")
ELSEWHERE = Owner(stack="organization/flts/dev", namespace="flts", cluster="c2")
UNKNOWN = Owner(stack="organization/flts/dev", namespace="flts", cluster="")
STRANGERS = [
    Owner(stack="organization/flts/two", namespace="flts", cluster="c1"),
    Owner(stack="organization/flts/dev", namespace="flts-two", cluster="c1"),
    Owner(stack="other/flts/dev", namespace="flts", cluster="c1"),
]


def topic(name):
    return Topic(name=name, partitions=1, replicationFactor=1)


class KeptMarks:
    """Marks in memory; `arriving` is left by another stack just before the next one."""

    def __init__(self, *owners, arriving=None):
        self.owners = list(owners)
        self.arriving = arriving

    def read(self):
        return list(self.owners)

    def write(self, owner):
        if self.arriving is not None:
            self.owners.append(self.arriving)
            self.arriving = None
        if owner not in self.owners:
            self.owners.append(owner)

    def remove(self, owner):
        self.owners = [other for other in self.owners if other != owner]


def ownership(owner, marks, former="", connected=()):
    declaration = OwnershipDeclaration(
        topic=topic("flts-owner"), identifier="", owner=owner, former_owner=former, groups=["train-gru", "train-lstm"]
    )
    topics = [topic("training-data"), topic("inference-data")]
    return Ownership(declaration, topics, marks, lambda groups: [group for group in groups if group in connected])


def deploy(owner, marks, **more):
    one = ownership(owner, marks, **more)
    one.check()
    one.claim()


def test_topics_without_a_mark_become_the_first_stacks_and_stay_it():
    marks = KeptMarks()
    for _ in range(2):
        deploy(FIRST, marks, connected=["train-gru"])
    assert marks.owners == [FIRST]


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
def test_another_stack_is_refused_with_setting_topic_owner_and_fix(stranger):
    marks = KeptMarks(FIRST)
    with pytest.raises(OwnershipError) as refused:
        ownership(stranger, marks).check()
    text = str(refused.value)
    assert text.startswith("flts:identifier = \"\": the topic 'training-data' and 1 more belong to the stack ")
    assert "organization/flts/dev (namespace flts, cluster c1), as the topic 'flts-owner' says" in text
    assert "`pulumi config set --path flts:kafka.external.formerOwner organization/flts/dev@c1/flts`" in text
    assert marks.owners == [FIRST]


def test_a_stack_whose_owner_is_named_as_the_former_one_takes_over():
    marks = KeptMarks(FIRST)
    for _ in range(2):
        deploy(STRANGERS[0], marks, former=str(FIRST), connected=["train-gru"])
    assert marks.owners == [STRANGERS[0]]
    with pytest.raises(OwnershipError, match="flts/two"):
        deploy(FIRST, marks)


def test_a_former_owner_that_is_named_wrongly_takes_nothing_over():
    with pytest.raises(OwnershipError, match="flts/dev@c1/flts"):
        deploy(STRANGERS[0], KeptMarks(FIRST), former=str(STRANGERS[1]))


def test_a_stack_that_was_lost_with_its_cluster_goes_on_in_another_one():
    marks = KeptMarks(FIRST)
    deploy(ELSEWHERE, marks)
    assert marks.owners == [ELSEWHERE]


def test_a_stack_of_the_same_names_in_another_cluster_is_refused_while_the_first_one_is_connected():
    marks = KeptMarks(FIRST)
    with pytest.raises(OwnershipError, match="whose services are in the consumer groups train-lstm"):
        deploy(ELSEWHERE, marks, connected=["train-lstm"])
    assert marks.owners == [FIRST]


@pytest.mark.parametrize(("before", "now"), [(UNKNOWN, FIRST), (FIRST, UNKNOWN)])
def test_a_cluster_that_cannot_be_read_separates_nobody(before, now):
    marks = KeptMarks(before)
    deploy(now, marks, connected=["train-gru"])
    assert marks.owners == [before]


def test_of_two_stacks_that_come_at_once_the_later_one_is_refused_and_leaves_no_mark():
    marks = KeptMarks(arriving=FIRST)
    with pytest.raises(OwnershipError, match="flts/dev"):
        deploy(STRANGERS[0], marks)
    assert marks.owners == [FIRST]


def test_a_file_says_which_key_is_wrong(tmp_path):
    path = tmp_path / "ownership.json"
    path.write_text(json.dumps({"topic": {"name": "flts-owner", "partitions": 1, "replicationFactor": 1}}))
    with pytest.raises(DeclarationError, match=r"ownership\.json: .*owner: Field required"):
        read_ownership(path)
