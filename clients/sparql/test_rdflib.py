"""What people do with rdflib's SPARQLStore, against the demo. HIROBA_DEMO_URL says where it is."""

import io
import os
import unittest
import urllib.request

from rdflib import RDF, Graph, Literal, Namespace, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from rdflib.query import Result

BASE = os.environ["HIROBA_DEMO_URL"]
URL = BASE + "/sparql"
HIROBA = Namespace("https://w3id.org/hiroba/vocab/")
SCHEMA = Namespace("https://schema.org/")
SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
SITES = "SELECT ?site ?name { ?site a hiroba:EvacuationSite ; schema:name ?name } ORDER BY ?site"
NAMES = {"hiroba": HIROBA, "schema": SCHEMA}


def fetch(accept, query=None):
    """The bytes of an answer, and their media type."""
    request = urllib.request.Request(URL, headers={"Accept": accept})
    if query:
        request.data = query.encode()
        request.add_header("Content-Type", "application/sparql-query")
    with urllib.request.urlopen(request) as answer:
        return answer.read(), answer.headers.get_content_type()


class RdflibTest(unittest.TestCase):
    def graph(self, **options):
        return Graph(SPARQLStore(URL, **options))

    def test_every_way_of_sending_finds_the_same_in_every_form(self):
        expected = None
        for method in ("GET", "POST", "POST_FORM"):
            for form in ("xml", "json", "csv", "tsv"):
                with self.subTest(method=method, form=form):
                    rows = [str(row.site) for row in self.graph(method=method, returnFormat=form).query(SITES, initNs=NAMES)]
                    expected = expected or rows
                    self.assertEqual(len(set(rows)), 47)
                    self.assertEqual(rows, expected)

    def test_a_remote_graph_is_read_like_one_at_hand(self):
        graph = self.graph()
        sites = set(graph.subjects(RDF.type, HIROBA.EvacuationSite))
        self.assertEqual(len(sites), 47)
        site = min(sites)
        self.assertIn((site, RDF.type, HIROBA.EvacuationSite), graph)
        self.assertNotIn((site, RDF.type, HIROBA.Dragon), graph)
        self.assertIn("ja", {name.language for name in graph.objects(site, SCHEMA.name)})
        self.assertIsInstance(graph.value(site, SCHEMA.maximumAttendeeCapacity).toPython(), int)
        self.assertGreater(len(graph), 1000)

    def test_known_values_are_bound_in_advance(self):
        rows = self.graph().query(SITES, initNs=NAMES, initBindings={"name": Literal("広場市総合体育館", lang="ja")})
        self.assertEqual(len(list(rows)), 1)

    def test_graphs_have_names(self):
        remote = Graph(SPARQLStore(URL), identifier=URIRef(HIROBA.EvacuationSite))
        [row] = remote.query("SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s a hiroba:EvacuationSite }", initNs=NAMES)
        self.assertEqual(row.n.toPython(), 47)
        query = "SELECT (COUNT(DISTINCT ?s) AS ?n) { GRAPH hiroba:EvacuationSite { ?s a hiroba:EvacuationSite } }"
        [row] = self.graph().query(query, initNs=NAMES)
        self.assertEqual(row.n.toPython(), 47)

    def test_yes_and_no(self):
        self.assertTrue(self.graph().query("ASK { ?s a hiroba:AED }", initNs=NAMES).askAnswer)
        self.assertFalse(self.graph().query("ASK { ?s a hiroba:Dragon }", initNs=NAMES).askAnswer)

    def test_triples_are_made_and_things_described(self):
        made = self.graph().query("CONSTRUCT { ?s a schema:Place } WHERE { ?s a hiroba:EvacuationSite }", initNs=NAMES)
        self.assertEqual(len(made.graph), 47)
        site = min(made.graph.subjects())
        described = self.graph().query(f"DESCRIBE <{site}>")
        self.assertIn((site, RDF.type, HIROBA.EvacuationSite), described.graph)

    def test_what_a_program_has_joins_what_the_city_has(self):
        graph = self.graph()
        own = Graph()
        for number, site in enumerate(sorted(graph.subjects(RDF.type, HIROBA.EvacuationSite))[:5]):
            own.add((URIRef(f"urn:note:{number}"), SCHEMA.about, site))
        query = f"""SELECT ?note ?name {{ ?note schema:about ?site .
          SERVICE <{URL}> {{ ?site <{SCHEMA.name}> ?name FILTER(LANG(?name) = "ja") }} }}"""
        self.assertEqual(len({row.note for row in own.query(query, initNs=NAMES)}), 5)

    def test_every_form_of_rows_is_parsed(self):
        query = f"SELECT ?s ?name {{ ?s a <{HIROBA.AED}> ; <{SCHEMA.name}> ?name }} ORDER BY ?s ?name"
        expected = None
        for form, media in (("json", "application/sparql-results+json"), ("xml", "application/sparql-results+xml"),
                            ("tsv", "text/tab-separated-values"), ("csv", "text/csv")):
            with self.subTest(form=form):
                body, told = fetch(media, query)
                self.assertEqual(told, media)
                rows = [tuple(map(str, row)) for row in Result.parse(source=io.BytesIO(body), format=form)]
                expected = expected or rows
                self.assertGreater(len(rows), 73)
                self.assertEqual(rows, expected)

    def test_every_form_of_triples_and_of_the_description_is_parsed(self):
        query = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ ?s a <{HIROBA.AED}> ; ?p ?o }}"
        counts = set()
        for form, media in (("turtle", "text/turtle"), ("nt", "application/n-triples"), ("xml", "application/rdf+xml"),
                            ("json-ld", "application/ld+json"), ("nquads", "application/n-quads"),
                            ("trig", "application/trig")):
            with self.subTest(form=form):
                body, told = fetch(media, query)
                self.assertEqual(told, media)
                counts.add(len(Graph().parse(body, format=form)))
                body, told = fetch(media)
                self.assertEqual(told, media)
                description = Graph().parse(body, format=form)
                self.assertEqual(set(description.objects(None, SD.endpoint)), {URIRef(URL)})
                self.assertIn(URIRef("http://www.opengis.net/def/function/geosparql/distance"),
                              set(description.objects(None, SD.extensionFunction)))
        self.assertEqual(len(counts), 1, counts)


if __name__ == "__main__":
    unittest.main()
