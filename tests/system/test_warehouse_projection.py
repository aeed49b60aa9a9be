"""What the SQL of schemas/warehouse/define-10-project.sql makes of its list of types: it knows every type,
reads only members that there are, fills every column, and refuses what does not fit its table."""

import json
import re
import shutil

import pytest

import pg
from warehouse_host import Host, warehouse

SCHEMAS = pg.ROOT / "schemas"
TYPES = {path.stem for path in (SCHEMAS / "events").glob("[a-z]*.json")}


@pytest.fixture(scope="module")
def database(cluster):
    database = warehouse(cluster)
    yield database
    database.drop()


def properties(names):
    found = {}
    for name in names:
        found.update(json.loads((SCHEMAS / "events" / f"{name}.json").read_text(encoding="utf-8"))["properties"])
    return found


def parts(database):
    """Of each part of project() that was written from the list: types, table, columns, the rest."""
    source = database.psql("SELECT prosrc FROM pg_proc WHERE oid = 'jejaring.project'::regproc")
    found = re.findall(r"IF types && '\{([^}]*)\}' THEN\s+INSERT INTO (\w+) AS t \(([^)]*)\)(.*?)END IF;", source, re.DOTALL)
    assert len(found) > 30
    return [(types.split(","), table, re.findall(r"\w+", columns), rest) for types, table, columns, rest in found]


def test_every_type_is_projected(database):
    known = {name for types, *_ in parts(database) for name in types}
    assert known | {"person.erased"} == TYPES


def test_only_members_that_the_schemas_have_are_read(database):
    for types, table, _, rest in parts(database):
        there = properties(types)
        members = re.findall(r"data -> '(\w+)' ->>? '(\w+)'|data (?:->>?|\?) '(\w+)'", rest)
        for outer, inner, plain in members:
            assert (outer or plain) in there, (types, table, outer or plain)
            assert not inner or inner in there[outer]["properties"], (types, table, outer, inner)


def test_every_column_is_filled(database):
    filled = {}
    for _, table, columns, _ in parts(database):
        filled.setdefault(table, set()).update(columns)
    for table, columns in filled.items():
        there = database.psql(f"SELECT attname FROM pg_attribute WHERE attrelid = 'jejaring.{table}'::regclass "
                              "AND attnum > 0 AND NOT attisdropped AND attgenerated = ''").split()
        assert columns == set(there), table


@pytest.mark.parametrize("told, complaint", [
    ("'nowhere', '', 'nothing', 'name'", '"jejaring.nowhere" does not exist'),
    ("'batch', '', 'batch', 'nama'", '{coba} to batch: what is "nama"'),
    ("'batch', '', 'batch', 'name program'", '{coba} to batch: what is "name program"'),
    ("'batch', '', 'name', 'graduates'", "{coba} to batch: the key is (batch)"),
    ("'batch', '', 'batch', 'name, closed_on'", "{coba} to batch: nothing is said of participants, graduates"),
    ("'placement', 'begun', 'person, post := placement_post(data)', 'vacancy'", '{coba} to placement: what is "begun_source"'),
    ("'loan', 'applied', 'person, loan := data ->> ''loan''', 'applied_on'", '{coba} to loan: column "loan" is of type uuid'),
    ("'loan', 'applied', 'person, loan := loan_number(data)', 'applied_on'", "{coba} to loan: function loan_number"),
    ("'loan', 'applied', 'person, loan := loan_key(data)', 'applied_on, region'", "{coba} to loan: cannot insert"),
])
def test_what_does_not_fit_its_table_is_refused_with_its_name(database, told, complaint):
    with pytest.raises(RuntimeError, match=re.escape(complaint)):
        database.psql(f"SET search_path = jejaring, pg_catalog; SELECT upsert_of('{{coba}}', {told})")


def test_a_list_that_does_not_fit_leaves_the_database_as_it_was(database, tmp_path):
    schemas = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, schemas)
    file = schemas / "warehouse" / "define-10-project.sql"
    text = file.read_text(encoding="utf-8")
    assert "'result, score, " in text
    file.write_text(text.replace("'result, score, ", "'result, skor, "), encoding="utf-8")
    before = database.psql("SELECT md5(string_agg(prosrc, '' ORDER BY oid)) FROM pg_proc "
                           "WHERE pronamespace = 'jejaring'::regnamespace")
    with Host({"conninfo": database.conninfo, "schemas": str(schemas)}) as plugin:
        plugin.resume()
        said = [text for _, text in plugin.log]
    assert any("define-10-project.sql" in text and "alumni.certified" in text and "skor" in text for text in said), said
    assert database.psql("SELECT md5(string_agg(prosrc, '' ORDER BY oid)) FROM pg_proc "
                         "WHERE pronamespace = 'jejaring'::regnamespace") == before
