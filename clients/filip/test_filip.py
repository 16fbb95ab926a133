"""What people do with FiLiP's NGSI-LD client, against a running Hiroba. HIROBA_URL says where it is.

Each test has a tenant of its own, which FiLiP creates: tests neither see nor wait for each other.
"""

import json
import os
import queue
import threading
import unittest
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests
from filip.clients.ngsi_ld.cb import ContextBrokerLDClient
from filip.models.base import FiwareLDHeader
from filip.models.ngsi_ld.context import (
    ActionTypeLD,
    ContextGeoProperty,
    ContextLDEntity,
    ContextLDEntityKeyValues,
    ContextProperty,
    ContextRelationship,
    NamedContextProperty,
    NamedContextRelationship,
)
from filip.models.ngsi_ld.subscriptions import SubscriptionLD

URL = os.environ["HIROBA_URL"]
AED = "urn:ngsi-ld:AED:990019:1"


def aed(number=1, **attributes):
    """An AED with a name, a number of pads, and whatever else is said."""
    given = {
        "id": f"urn:ngsi-ld:AED:990019:{number}",
        "type": "AED",
        "label": {"type": "Property", "value": f"AED {number}"},
        "pads": {"type": "Property", "value": number},
    }
    return ContextLDEntity(**(given | attributes))


class FilipTest(unittest.TestCase):
    def setUp(self):
        self.tenant = f"filip_{uuid.uuid4().hex[:12]}"
        self.client = self.connect()

    def connect(self, tenant=None, **options):
        header = FiwareLDHeader(ngsild_tenant=tenant or self.tenant)
        client = ContextBrokerLDClient(url=URL, session=requests.Session(), fiware_header=header, **options)
        self.addCleanup(client.session.close)
        return client

    def post(self, *entities):
        for entity in entities:
            self.client.post_entity(entity)

    def refused(self, status, title, operation, *arguments, **options):
        """The operation raises what `requests` raises, with a ProblemDetails body that has this title."""
        with self.assertRaises(requests.RequestException) as raised:
            operation(*arguments, **options)
        self.assertEqual(raised.exception.response.status_code, status)
        problem = raised.exception.response.json()
        self.assertEqual(problem["title"], title)
        self.assertTrue(problem["type"].startswith("https://uri.etsi.org/ngsi-ld/errors/"))
        return problem


class Connecting(FilipTest):
    def test_the_version_is_told(self):
        self.assertIn("orionld version", self.client.get_version())

    def test_a_client_without_a_tenant_uses_the_default_one(self):
        client = ContextBrokerLDClient(url=URL)
        entity = aed(uuid.uuid4().hex)
        client.post_entity(entity)
        self.assertEqual(client.get_entity(entity.id).id, entity.id)
        client.delete_entity_by_id(entity.id)

    def test_tenants_do_not_see_each_other(self):
        self.post(aed())
        other = self.connect(f"other_{uuid.uuid4().hex[:12]}")
        self.assertEqual(other.get_entity_list(), [])
        self.refused(404, "Entity Not Found", other.get_entity, AED)

    def test_a_tenant_that_nobody_has_made_is_not_there(self):
        stranger = self.connect(f"stranger_{uuid.uuid4().hex[:12]}", create_tenant=False)
        problem = self.refused(404, "Nonexistent Tenant", stranger.get_entity_list)
        self.assertTrue(problem["type"].endswith("/NonexistentTenant"))


class Entities(FilipTest):
    def test_an_entity_comes_back_as_it_was_sent(self):
        sent = aed(
            pads={
                "type": "Property", "value": 2, "unitCode": "C62", "observedAt": "2026-04-01T00:00:00Z",
                "accuracy": {"type": "Property", "value": 0.5},
            },
            location={"type": "GeoProperty", "value": {"type": "Point", "coordinates": [139.7, 35.6]}},
            owner={"type": "Relationship", "object": "urn:ngsi-ld:City:990019"},
        )
        location = self.client.post_entity(sent)
        self.assertEqual(location, f"/ngsi-ld/v1/entities/{AED}")
        got = self.client.get_entity(AED)
        self.assertEqual(got.model_dump(exclude_none=True, exclude={"context"}), sent.model_dump(exclude_none=True))
        self.assertEqual(got.get_properties("dict")["pads"].unitCode, "C62")
        self.assertIsInstance(got.location, ContextGeoProperty)
        self.assertIsInstance(got.owner, ContextRelationship)

    def test_options_show_key_values_and_the_times_of_the_system(self):
        self.post(aed())
        short = self.client.get_entity(AED, options="keyValues")
        self.assertIsInstance(short, ContextLDEntityKeyValues)
        self.assertEqual((short.label, short.pads), ("AED 1", 1))
        self.assertIsNotNone(self.client.get_entity(AED, options="sysAttrs").createdAt)
        [short] = self.client.get_entity_list(entity_type="AED", options="keyValues")
        self.assertEqual(short.pads, 1)

    def test_attributes_and_the_type_choose_what_is_shown(self):
        self.post(aed())
        got = self.client.get_entity(AED, entity_type="AED", attrs=["pads"])
        self.assertEqual([p.name for p in got.get_properties()], ["pads"])
        self.refused(404, "Entity Not Found", self.client.get_entity, AED, entity_type="Bench")
        self.refused(404, "Entity Not Found", self.client.get_entity, AED, attrs=["colour"])

    def test_an_entity_that_is_there_is_refused_appended_to_or_overridden(self):
        self.post(aed())
        again = aed(pads={"type": "Property", "value": 9}, note={"type": "Property", "value": "new"})
        self.refused(409, "Already Exists", self.client.post_entity, again)
        self.client.post_entity(again, append=True)
        self.assertEqual(self.client.get_entity(AED, options="keyValues").pads, 9)
        self.client.post_entity(aed(pads={"type": "Property", "value": 10}), update=True)
        got = self.client.get_entity(AED, options="keyValues").model_dump()
        self.assertEqual(got["pads"], 10)
        self.assertNotIn("note", got)

    def test_key_values_are_posted_as_properties(self):
        self.client.post_entity(ContextLDEntityKeyValues(id=AED, type="AED", pads=3))
        self.assertEqual(self.client.get_entity(AED).pads.value, 3)

    def test_attributes_are_replaced_updated_appended_and_deleted(self):
        self.post(aed())
        self.client.replace_existing_attributes_of_entity(aed(pads={"type": "Property", "value": 4}))
        self.assertEqual(self.client.get_entity(AED).pads.value, 4)
        unknown = aed(note={"type": "Property", "value": "new"})
        self.client.replace_existing_attributes_of_entity(unknown, append=True)
        self.client.update_entity_attribute(AED, ContextProperty(value=5), attr_name="pads")
        self.assertEqual(self.client.get_entity(AED).pads.value, 5)
        more = ContextLDEntity(id=AED, type="AED")
        more.add_properties([NamedContextProperty(name="pads", value=6), NamedContextProperty(name="colour", value="red")])
        more.add_relationships([NamedContextRelationship(name="owner", object="urn:ngsi-ld:City:990019")])
        self.client.append_entity_attributes(more, options="noOverwrite")
        got = self.client.get_entity(AED)
        self.assertEqual((got.pads.value, got.colour.value), (5, "red"))
        self.client.append_entity_attributes(more)
        self.assertEqual(self.client.get_entity(AED).pads.value, 6)
        self.client.delete_attribute(AED, "colour")
        self.assertNotIn("colour", self.client.get_entity(AED).model_dump())

    def test_what_is_not_there_is_not_found(self):
        for operation, arguments in [
            (self.client.get_entity, [AED]),
            (self.client.delete_entity_by_id, [AED]),
            (self.client.append_entity_attributes, [aed()]),
            (self.client.replace_existing_attributes_of_entity, [aed()]),
            (self.client.delete_attribute, [AED, "pads"]),
        ]:
            with self.subTest(operation.__name__):
                self.refused(404, "Entity Not Found", operation, *arguments)
        self.post(aed())
        # FiLiP's own tests compare this title for attributes as well.
        self.refused(404, "Entity Not Found", self.client.delete_attribute, AED, "colour")
        self.refused(
            404, "Entity Not Found", self.client.update_entity_attribute, AED, ContextProperty(value=1), attr_name="no"
        )

    def test_deleting_is_for_the_type_that_is_named(self):
        self.post(aed())
        self.refused(404, "Entity Not Found", self.client.delete_entity_by_id, AED, entity_type="Bench")
        self.client.delete_entity_by_id(AED, entity_type="AED")
        self.assertEqual(self.client.get_entity_list(), [])

    def test_a_wrong_entity_is_refused_with_the_reason(self):
        wrong = aed(pads={"type": "Property", "value": 1, "observedAt": "yesterday"})
        problem = self.refused(400, "Bad Request Data", self.client.post_entity, wrong)
        self.assertIn("observedAt", problem["detail"])

    def test_relationships_are_followed(self):
        self.post(aed(1), aed(2, next={"type": "Relationship", "object": AED}))
        there = self.client.get_entity("urn:ngsi-ld:AED:990019:2").next
        self.assertTrue(self.client.validate_relationship(there))
        nowhere = ContextRelationship(object="urn:ngsi-ld:AED:990019:3")
        self.assertFalse(self.client.validate_relationship(nowhere))


class Queries(FilipTest):
    def ids(self, **query):
        return [int(entity.id.rsplit(":", 1)[1]) for entity in self.client.get_entity_list(**query)]

    def test_everything_is_listed_page_by_page(self):
        entities = [aed(n) for n in range(1, 46)]
        self.client.entity_batch_operation(entities=entities, action_type=ActionTypeLD.CREATE)
        everything = list(range(1, 46))
        self.assertEqual(self.ids(), everything)
        self.client.pagination_limit = 10
        self.assertEqual(self.ids(), everything)
        self.assertEqual(self.ids(limit=25), everything[:25])

    def test_queries_choose_by_id_type_value_and_place(self):
        place = lambda x: {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [x, 35.0]}}
        self.post(aed(1, location=place(139.0)), aed(2, location=place(139.5)), aed(3, location=place(140.0)))
        bench = ContextLDEntity(id="urn:ngsi-ld:Bench:990019:9", type="Bench", label={"type": "Property", "value": "B"})
        self.post(bench)
        around = {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": "[139.0,35.0]"}
        box = "[[[138.9,34.9],[139.6,34.9],[139.6,35.1],[138.9,35.1],[138.9,34.9]]]"
        for expected, query in [
            ([2], {"entity_id": "urn:ngsi-ld:AED:990019:2"}),
            ([9], {"id_pattern": "^urn:ngsi-ld:Bench:.*", "entity_type": "AED,Bench"}),
            ([9], {"entity_type": "Bench"}),
            ([1, 2, 3, 9], {"entity_type": "AED,Bench"}),
            ([2, 3], {"q": "pads>1"}),
            ([1], {"q": 'label=="AED 1"'}),
            ([3], {"q": 'pads>1;label!="AED 2"'}),
            ([1, 2, 3], {"attrs": ["pads"]}),
            ([1], around),
            ([1], around | {"geoproperty": "location", "entity_type": "AED"}),
            ([1, 2], {"georel": "within", "geometry": "Polygon", "coordinates": box}),
            ([], {"entity_type": "Nothing"}),
        ]:
            with self.subTest(**query):
                self.assertEqual(self.ids(**query), expected)

    def test_a_wrong_query_is_refused_with_the_place(self):
        problem = self.refused(400, "Bad Request Data", self.client.get_entity_list, q="pads==")
        self.assertIn("q, character", problem["detail"])
        # A pattern that leaves something out is no selection by itself (5.7.2.4); FiLiP's own `.*` is `type=*`.
        problem = self.refused(400, "Bad Request Data", self.client.get_entity_list, id_pattern="^urn:ngsi-ld:Bench:.*")
        self.assertIn("too wide", problem["detail"])


class Batches(FilipTest):
    def pads(self):
        listed = self.client.get_entity_list(options="keyValues")
        return {int(entity.id.rsplit(":", 1)[1]): getattr(entity, "pads", None) for entity in listed}

    def batch(self, action, *entities, **options):
        self.client.entity_batch_operation(entities=list(entities), action_type=action, **options)

    def test_batches_create_upsert_update_and_delete(self):
        value = lambda n: {"type": "Property", "value": n}
        self.batch(ActionTypeLD.CREATE, aed(1), aed(2))
        self.batch(ActionTypeLD.UPSERT, aed(2, pads=value(20)), aed(3), options="update")
        self.assertEqual(self.pads(), {1: 1, 2: 20, 3: 3})
        self.batch(ActionTypeLD.UPDATE, aed(1, pads=value(10)))
        self.batch(ActionTypeLD.UPDATE, aed(1, pads=value(11)), options="noOverwrite")
        self.assertEqual(self.pads(), {1: 10, 2: 20, 3: 3})
        bare = ContextLDEntity(id=AED, type="AED", label=value("bare"))
        self.client.override_entities([bare])
        self.assertEqual(self.pads(), {1: None, 2: 20, 3: 3})
        self.batch(ActionTypeLD.UPSERT, ContextLDEntityKeyValues(id=AED, type="AED", pads=7).to_entity())
        self.batch(ActionTypeLD.DELETE, aed(2), aed(3))
        self.assertEqual(self.pads(), {1: 7})

    def test_a_batch_of_which_all_fails_raises_and_of_which_some_fails_does_the_rest(self):
        self.batch(ActionTypeLD.CREATE, aed(1))
        self.batch(ActionTypeLD.CREATE, aed(1), aed(2))
        self.assertEqual(self.pads(), {1: 1, 2: 2})
        for action, entity in [
            (ActionTypeLD.CREATE, aed(1)),
            (ActionTypeLD.UPDATE, aed(9)),
            (ActionTypeLD.DELETE, aed(9)),
        ]:
            with self.subTest(action), self.assertRaises(RuntimeError):
                self.batch(action, entity)


class Contexts(FilipTest):
    def hosted(self, terms):
        """An @context that the broker itself keeps."""
        answer = requests.post(
            f"{URL}/ngsi-ld/v1/jsonldContexts", json={"@context": terms}, headers={"NGSILD-Tenant": self.tenant}
        )
        answer.raise_for_status()
        return URL + answer.headers["Location"]

    def test_an_entity_may_bring_its_context_and_a_client_may_have_its_own(self):
        context = self.hosted({"AED": "https://example.org/AED", "pads": "https://example.org/pads"})
        entity = aed()
        entity.context = [context]
        self.post(entity)
        # The client's own @context is the core: names that it does not know stay IRIs.
        self.assertEqual(self.client.get_entity(AED).type, "https://example.org/AED")
        header = FiwareLDHeader(ngsild_tenant=self.tenant)
        header.set_context(context)
        own = ContextBrokerLDClient(url=URL, fiware_header=header)
        got = own.get_entity(AED)
        self.assertEqual((got.type, got.pads.value), ("AED", 1))
        [listed] = own.get_entity_list(entity_type="AED", q="pads==1")
        self.assertEqual(listed.id, AED)
        self.assertEqual(self.client.get_entity_list(entity_type="AED"), [])

    def test_updates_and_batches_go_by_the_context_of_the_entity(self):
        context = self.hosted({"pads": "https://example.org/pads"})
        entity = aed()
        entity.context = [context]
        self.client.entity_batch_operation(entities=[entity], action_type=ActionTypeLD.CREATE)
        entity.pads = ContextProperty(value=2)
        self.client.replace_existing_attributes_of_entity(entity)
        self.client.append_entity_attributes(entity)
        got = self.client.get_entity(AED).model_dump()
        self.assertEqual(got["https://example.org/pads"]["value"], 2)


class Subscribing(FilipTest):
    def setUp(self):
        super().setUp()
        # FiLiP asks for the list first, which needs the tenant.
        self.post(aed())

    def subscription(self, uri="http://127.0.0.1:9/hook", **members):
        return SubscriptionLD(
            entities=[{"type": "AED"}],
            notification={"attributes": ["pads"], "endpoint": {"uri": uri, "accept": "application/json"}},
            **members,
        )

    def test_a_subscription_is_made_once_read_changed_and_deleted(self):
        made = self.client.post_subscription(self.subscription(watchedAttributes=["pads"], q="pads>0"))
        self.assertEqual(self.client.post_subscription(self.subscription(description="the same")), made)
        [listed] = self.client.get_subscription_list()
        self.assertEqual((listed.id, listed.q, listed.watchedAttributes), (made, "pads>0", ["pads"]))
        listed.description = "who is running out of pads"
        listed.isActive = False
        self.client.update_subscription(listed)
        got = self.client.get_subscription(made)
        self.assertEqual((got.description, got.isActive), ("who is running out of pads", False))
        self.client.delete_subscription(made)
        self.assertEqual(self.client.get_subscription_list(), [])
        self.refused(404, "Not Found", self.client.get_subscription, made)

    def test_a_change_is_told_to_the_endpoint(self):
        told = queue.Queue()

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self):
                told.put((self.headers, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        server = HTTPServer(("127.0.0.1", 0), Hook)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        made = self.client.post_subscription(self.subscription(f"http://127.0.0.1:{server.server_port}/hook"))
        self.client.update_entity_attribute(AED, ContextProperty(value=7), "pads")
        headers, body = told.get(timeout=20)
        self.assertEqual(headers["NGSILD-Tenant"], self.tenant)
        self.assertEqual((body["type"], body["subscriptionId"]), ("Notification", made))
        [entity] = body["data"]
        self.assertEqual((entity["id"], entity["pads"]["value"], "label" in entity), (AED, 7, False))


if __name__ == "__main__":
    unittest.main()
