"""What people do with SPARQLWrapper, against the demo. HIROBA_DEMO_URL says where it is."""

import os
import unittest

from rdflib import Graph, URIRef
from SPARQLWrapper import CSV, GET, JSON, JSONLD, N3, POST, POSTDIRECTLY, RDFXML, TSV, TURTLE, URLENCODED, XML, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import EndPointNotFound, QueryBadFormed

URL = os.environ["HIROBA_DEMO_URL"] + "/sparql"
HIROBA = "https://w3id.org/hiroba/vocab/"
PREFIXES = f"""PREFIX schema: <https://schema.org/>
PREFIX geo: <http://www.opengis.net/ont/geosparql#>
PREFIX geof: <http://www.opengis.net/def/function/geosparql/>
PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/>
PREFIX hiroba: <{HIROBA}>
"""
SITES = PREFIXES + 'SELECT ?site ?name { ?site a hiroba:EvacuationSite ; schema:name ?name FILTER(LANG(?name) = "ja") }'
CONSTRUCT = PREFIXES + "CONSTRUCT { ?site a schema:Place } WHERE { ?site a hiroba:EvacuationSite }"
PLACE = URIRef("https://schema.org/Place")


def asked(query, form=None, method=GET, request=URLENCODED, url=URL):
    """The answer to a query, as SPARQLWrapper has it."""
    wrapper = SPARQLWrapper(url)
    wrapper.setQuery(query)
    wrapper.setMethod(method)
    wrapper.setRequestMethod(request)
    if form:
        wrapper.setReturnFormat(form)
    return wrapper.query()


class SparqlWrapperTest(unittest.TestCase):
    def test_every_way_of_sending_finds_the_same(self):
        ways = [(GET, URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)]
        found = [asked(SITES, JSON, *way).convert()["results"]["bindings"] for way in ways]
        self.assertEqual(len(found[0]), 47)
        self.assertEqual(found[0][0]["name"]["xml:lang"], "ja")
        key = lambda row: row["site"]["value"]
        for other in found[1:]:
            self.assertEqual(sorted(other, key=key), sorted(found[0], key=key))

    def test_every_form_of_rows_holds_as_many(self):
        counts = {
            JSON: lambda answer: len(answer["results"]["bindings"]),
            XML: lambda answer: len(answer.getElementsByTagName("result")),
            CSV: lambda answer: len(answer.decode().splitlines()) - 1,
            TSV: lambda answer: len(answer.decode().splitlines()) - 1,
        }
        for form, count in counts.items():
            for method in (GET, POST):
                with self.subTest(form=form, method=method):
                    self.assertEqual(count(asked(SITES, form, method).convert()), 47)

    def test_yes_and_no_come_in_both_forms(self):
        query = PREFIXES + "ASK { ?site a hiroba:%s }"
        for name, expected in (("EvacuationSite", True), ("Dragon", False)):
            self.assertIs(asked(query % name, JSON).convert()["boolean"], expected)
            [told] = asked(query % name, XML).convert().getElementsByTagName("boolean")
            self.assertEqual(told.firstChild.data, str(expected).lower())

    def test_triples_come_in_every_form(self):
        for form in (TURTLE, N3, RDFXML, XML, JSONLD):
            for method in (GET, POST):
                with self.subTest(form=form, method=method):
                    graph = asked(CONSTRUCT, form, method).convert()
                    if isinstance(graph, bytes):
                        graph = Graph().parse(graph, format="turtle")
                    self.assertEqual(len(set(graph.subjects(None, PLACE))), 47)

    def test_a_thing_is_described(self):
        [row, *_] = asked(SITES, JSON).convert()["results"]["bindings"]
        graph = asked(f"DESCRIBE <{row['site']['value']}>").convert()
        self.assertIn(URIRef(HIROBA + "EvacuationSite"), set(graph.objects(URIRef(row["site"]["value"]))))

    def test_geosparql_tells_distances_in_metres(self):
        query = PREFIXES + """SELECT ?metres {
          ?site a hiroba:EvacuationSite ; geo:hasDefaultGeometry/geo:asWKT ?place .
          BIND(geof:distance(?place, "POINT(139.06278 36.393026)"^^geo:wktLiteral, uom:metre) AS ?metres)
          FILTER(?metres <= 1000)
        } ORDER BY ?metres"""
        metres = [float(row["metres"]["value"]) for row in asked(query, JSON).convert()["results"]["bindings"]]
        self.assertGreater(len(metres), 1)
        self.assertEqual(metres, sorted(metres))
        self.assertLessEqual(metres[-1], 1000)

    def test_a_mistake_is_told_as_one_with_its_place(self):
        with self.assertRaises(QueryBadFormed) as refused:
            asked("SELECT * {\n  ?s ?p ?o . FOO }", JSON)
        self.assertIn('"line":2,"column":14', str(refused.exception))
        with self.assertRaises(EndPointNotFound):
            asked("ASK {}", JSON, url=URL + "/no_such_tenant")


if __name__ == "__main__":
    unittest.main()
