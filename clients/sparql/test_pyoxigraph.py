"""pyoxigraph reads what the demo's endpoint answers. HIROBA_DEMO_URL says where it is."""

import os
import unittest
import urllib.parse
import urllib.request

from pyoxigraph import Literal, NamedNode, QueryResultsFormat, RdfFormat, Store, parse, parse_query_results

URL = os.environ["HIROBA_DEMO_URL"] + "/sparql"
HIROBA = "https://w3id.org/hiroba/vocab/"
NAME = "https://schema.org/name"
RESULTS = [QueryResultsFormat.JSON, QueryResultsFormat.XML, QueryResultsFormat.TSV]
GRAPHS = [RdfFormat.TURTLE, RdfFormat.N_TRIPLES, RdfFormat.N_QUADS, RdfFormat.TRIG, RdfFormat.RDF_XML, RdfFormat.JSON_LD]


def fetch(accept, query=None):
    """The bytes of an answer in a media type."""
    url = URL if query is None else f"{URL}?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept})) as answer:
        assert answer.headers.get_content_type() == accept.split(";")[0], answer.headers["Content-Type"]
        return answer.read()


class PyoxigraphTest(unittest.TestCase):
    def test_every_form_of_rows_holds_the_same(self):
        query = f"SELECT ?s ?name ?none {{ ?s a <{HIROBA}AED> ; <{NAME}> ?name }} ORDER BY ?s ?name"
        seen = set()
        for form in RESULTS:
            found = parse_query_results(fetch(form.media_type, query), format=form)
            self.assertEqual([variable.value for variable in found.variables], ["s", "name", "none"])
            rows = tuple((row["s"], row["name"], row["none"]) for row in found)
            self.assertGreater(len(rows), 73)
            self.assertIsInstance(rows[0][1], Literal)
            seen.add(rows)
        self.assertEqual(len(seen), 1)

    def test_yes_and_no_are_read_in_every_form_that_has_them(self):
        for form in (QueryResultsFormat.JSON, QueryResultsFormat.XML):
            for name, expected in (("AED", True), ("Dragon", False)):
                answer = fetch(form.media_type, f"ASK {{ ?s a <{HIROBA}{name}> }}")
                self.assertEqual(bool(parse_query_results(answer, format=form)), expected)

    def test_every_form_of_triples_holds_the_same(self):
        made = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ ?s a <{HIROBA}AED> ; ?p ?o }}"
        for query in (made, "DESCRIBE <urn:ngsi-ld:AED:990019:0000000001>"):
            seen = {form: frozenset(quad.triple for quad in parse(fetch(form.media_type, query), format=form)) for form in GRAPHS}
            self.assertGreater(len(seen[RdfFormat.TURTLE]), 5)
            self.assertEqual(len(set(seen.values())), 1, {str(form): len(triples) for form, triples in seen.items()})

    def test_the_service_description_is_read_in_every_form(self):
        for form in GRAPHS:
            objects = {quad.object for quad in parse(fetch(form.media_type), format=form)}
            self.assertIn(NamedNode(URL), objects)
            self.assertIn(NamedNode("http://www.opengis.net/def/function/geosparql/distance"), objects)

    def test_a_store_at_home_asks_the_endpoint_within_a_query(self):
        store = Store()
        store.update(f"INSERT DATA {{ <urn:note> <urn:about> <urn:ngsi-ld:AED:990019:0000000001> }}")
        found = store.query(f"SELECT ?name {{ <urn:note> <urn:about> ?aed SERVICE <{URL}> {{ ?aed <{NAME}> ?name }} }}")
        self.assertIn(Literal("広場市役所", language="ja"), {row["name"] for row in found})


if __name__ == "__main__":
    unittest.main()
