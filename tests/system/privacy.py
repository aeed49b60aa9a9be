"""What the tests of privacy share: an office with readers of every audience, and a person."""

from client import AUDIENCES, connected, nik, person_key, write_agency
from conftest import event

CONTACT = {"name": "Sekar Melati", "phone": "081212345678", "email": "sekar@contoh.id",
           "address": "Jalan Anggrek Bulan 12"}
WHO = nik(77, woman=True)


def door(node, agency):
    return f"ipc://{node.folder}/run/{agency}.sock"


def privacy_office(node):
    """A node with a training centre `blk`, its twin in another region, and readers."""
    agencies = {"blk": (["blk"], ["33.75"]), "blk-jauh": (["blk"], ["15.07"]),
                **{f"baca-{one}": ([one], ["33.75"]) for one in AUDIENCES},
                "jauh": (["industry"], ["15.07"])}
    n = node(agencies="agencies.d")
    n.write_config(hub={"listen": [{"endpoint": door(n, one), "as": one} for one in agencies],
                        "quarantine": 5})
    for one, (audiences, regions) in agencies.items():
        write_agency(n, one, audiences, regions=regions,
                     publishes=["alumni.*", "consent.*", "outcome.*"] if "blk" in one else [])
    return n.start()


def consent(kind, audiences, date, who=WHO):
    return event(f"consent.{kind}", {"date": date, "nik": who, "audiences": list(audiences)})


def said_by(n, agency, *events):
    with connected(door(n, agency)) as connection:
        connection.publish(list(events))


def reveal(n, agency, who=WHO, purpose="menawarkan pekerjaan", **options):
    """The contact, or the code of the refusal."""
    with connected(door(n, agency)) as connection:
        kind, result, _ = connection.request(
            "REVEAL", {"person": person_key(n, who), "purpose": purpose, **options})
        return result["contact"] if kind == "OK" else result["code"]


def fetch(n, agency, **options):
    with connected(door(n, agency)) as connection:
        return connection.fetch(**options)


def audit(n):
    return n.request("AUDIT")[1]


def names_of(events):
    return [e["type"] for e in events if e["subject"]]
