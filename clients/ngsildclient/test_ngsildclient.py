"""What people do with ngsildclient, against a running Hiroba. HIROBA_URL says where it is.

Each test has a tenant of its own, which the client creates: tests neither see nor wait for each other.
"""

import asyncio
import logging
import os
import unittest
import uuid
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from ngsildclient import AsyncClient, Client, Entity, NgsiAlreadyExistsError
from ngsildclient import SubscriptionBuilder
from ngsildclient.api.constants import Vendor
from ngsildclient.api.exceptions import (
    NgsiBadRequestDataError,
    NgsiInvalidRequestError,
    NgsiLdContextNotAvailableError,
    NgsiNonexistentTenantError,
    NgsiNotConnectedError,
    NgsiResourceNotFoundError,
)

URL = urlsplit(os.environ["HIROBA_URL"])
logging.disable(logging.CRITICAL)


def aed(number=1, pads=None):
    return Entity("AED", f"990019:{number}").prop("pads", number if pads is None else pads)


class NgsildclientTest(unittest.TestCase):
    def setUp(self):
        self.tenant = f"ngsildclient_{uuid.uuid4().hex[:12]}"
        self.client = self.connect()

    def connect(self, kind=Client, tenant=None, **options):
        client = kind(URL.hostname, URL.port, tenant=tenant or self.tenant, **options)
        if kind is Client:
            self.addCleanup(client.close)
        return client

    def ids(self, entities):
        return [int(entity.id.rsplit(":", 1)[1]) for entity in entities]


class Connecting(NgsildclientTest):
    def test_the_broker_is_known_as_one_that_answers_like_orion(self):
        self.assertEqual(self.client.broker.vendor, Vendor.ORIONLD)
        self.assertTrue(self.client.broker.version.startswith("Hiroba "))

    def test_a_client_without_a_tenant_uses_the_default_one(self):
        with Client(URL.hostname, URL.port) as client:
            entity = aed(uuid.uuid4().hex)
            self.assertTrue(client.create(entity))
            self.assertTrue(client.exists(entity))
            self.assertTrue(client.delete(entity))

    def test_tenants_do_not_see_each_other(self):
        self.client.create(aed())
        other = self.connect(tenant=f"other_{uuid.uuid4().hex[:12]}")
        self.assertFalse(other.exists(aed()))
        self.assertEqual(other.query(type="AED"), [])

    def test_a_tenant_that_may_not_be_made_is_not_there(self):
        with self.assertRaises(NgsiNotConnectedError):
            self.connect(tenant=f"stranger_{uuid.uuid4().hex[:12]}", tenant_autocreate=False)
        self.client.session.headers["NGSILD-Tenant"] = "stranger"
        with self.assertRaises(NgsiNonexistentTenantError):
            self.client.get(aed())


class Entities(NgsildclientTest):
    def test_an_entity_comes_back_as_it_was_built(self):
        sent = aed()
        sent.prop("temperature", 21.5, unitcode="CEL", observedat=datetime(2026, 4, 1)).anchor()
        sent.prop("reliability", 0.7).rel("providedBy", "Camera:C1").unanchor()
        sent.loc(35.6, 139.7).obs("2026-04-01T00:00:00Z").addr({"addressLocality": "広場市"})
        sent.rel("owner", ["City:1", "City:2"]).prop("tags", ["a", "b"])
        self.assertTrue(self.client.create(sent))
        got = self.client.get(sent)
        self.assertEqual((got.id, got.type), (sent.id, "AED"))
        self.assertIn("ngsi-ld-core-context", str(got.ctx))
        expected, found = sent.to_dict(), got.to_dict()
        for name in ["pads", "temperature", "location", "dateObserved", "address", "tags", "owner"]:
            with self.subTest(name):
                self.assertEqual(found[name], expected[name])
        self.assertEqual(got.relationships, [("owner", ["urn:ngsi-ld:City:1", "urn:ngsi-ld:City:2"])])

    def test_an_entity_is_created_once_and_upserted_and_updated_as_often_as_one_likes(self):
        self.client.create(aed())
        with self.assertRaises(NgsiAlreadyExistsError) as raised:
            self.client.create(aed())
        self.assertEqual(raised.exception.problemdetails.status, 409)
        self.assertFalse(self.client.entities.create(aed(), skip=True))
        # What ngsildclient calls overwriting ends in its update(), which looks whether it may, and does not.
        self.assertFalse(self.client.entities.create(aed(pads=2), overwrite=True))
        self.assertTrue(self.client.upsert(aed(pads=3)))
        self.assertEqual(self.client.get(aed())["pads.value"], 3)
        self.assertTrue(self.client.update(aed(pads=4)))
        self.assertEqual(self.client.get(aed())["pads.value"], 4)
        self.assertFalse(self.client.update(aed(9)))

    def test_an_entity_is_there_until_it_is_deleted(self):
        self.client.create(aed())
        self.assertTrue(self.client.exists(aed()))
        self.assertEqual(self.client.get(aed(), asdict=True)["pads"]["value"], 1)
        self.assertTrue(self.client.delete(aed()))
        self.assertFalse(self.client.exists(aed()))
        for operation in [self.client.get, self.client.entities.delete]:
            with self.subTest(operation), self.assertRaises(NgsiResourceNotFoundError) as raised:
                operation(aed())
            self.assertEqual(raised.exception.problemdetails.title, "Entity Not Found")

    def test_errors_become_the_exceptions_of_their_types(self):
        wrong = aed()
        wrong["pads"]["observedAt"] = "yesterday"
        unknown = aed()
        unknown.ctx = ["https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v9.9.jsonld"]
        for expected, operation in [
            (NgsiBadRequestDataError, lambda: self.client.create(wrong)),
            (NgsiBadRequestDataError, lambda: self.client.query(type="AED", q="pads==")),
            (NgsiLdContextNotAvailableError, lambda: self.client.create(unknown)),
        ]:
            with self.assertRaises(expected) as raised:
                operation()
            self.assertTrue(raised.exception.problemdetails.detail)

    def test_links_are_followed(self):
        self.client.create([aed(1).rel("next", "AED:990019:2"), aed(2)])
        self.client.enable_follow()
        self.addCleanup(self.client.disable_follow)
        self.assertEqual(self.client.get("AED:990019:1").follow("next").id, "urn:ngsi-ld:AED:990019:2")
        network = self.client.network(self.client.get("AED:990019:1"))
        self.assertEqual(network.number_of_nodes(), 2)


class Queries(NgsildclientTest):
    def setUp(self):
        super().setUp()
        self.client.upsert([aed(n) for n in range(1, 251)])

    def test_everything_of_a_type_is_listed_page_by_page(self):
        everything = list(range(1, 251))
        self.assertEqual(self.client.count("AED"), 250)
        self.assertEqual(self.ids(self.client.query(type="AED")), everything)
        self.assertEqual(self.ids(self.client.query(type="AED", limit=33)), everything)
        self.assertEqual(self.ids(self.client.query_generator(type="AED")), everything)
        handled = []
        self.client.query_handle(type="AED", callback=handled.append)
        self.assertEqual(self.ids(handled), everything)
        self.assertEqual(self.ids(self.client.query_head(type="AED", n=7)), everything[:7])

    def test_conditions_choose_and_are_counted(self):
        self.assertEqual(self.client.count(type="AED", q="pads>=240"), 11)
        self.assertEqual(self.client.count(q="pads>=240"), 11)
        self.assertEqual(self.ids(self.client.query(type="AED", q="pads==3,5|pads>249")), [3, 5, 250])
        self.assertEqual(self.client.query(type="Bench"), [])

    def test_queries_are_sent_in_a_body_as_well(self):
        query = {"type": "Query", "entities": [{"type": "AED"}], "q": "pads>100"}
        self.assertEqual(self.client.alt.count(query), 150)
        self.assertEqual(self.ids(self.client.alt.query(query)), list(range(101, 251)))
        self.assertEqual(self.ids(self.client.alt.query_head(query, n=2)), [101, 102])
        self.assertEqual(len(list(self.client.alt.query_generator(query))), 150)

    def test_types_are_listed_and_dropped(self):
        self.client.create(Entity("Bench", "990019:1").prop("pads", 0))
        self.assertLessEqual({"AED", "Bench"}, set(self.client.types.list()))
        # No more than a page each time: ngsildclient deletes a page and then skips as many of those that are left.
        for pads in [100, 200]:
            self.client.delete_where(type="AED", q=f"pads<={pads}")
        self.assertEqual(self.client.count("AED"), 50)
        self.client.drop("Bench")
        self.assertEqual(self.client.types.list(), ["AED"])
        self.client.purge()
        self.assertEqual(self.client.types.list(), [])


class Batches(NgsildclientTest):
    def pads(self):
        return {int(e.id.rsplit(":", 1)[1]): e["pads.value"] for e in self.client.query(type="AED")}

    def test_batches_create_upsert_update_and_delete(self):
        created = self.client.create([aed(1), aed(2)])
        self.assertTrue(created.ok)
        self.assertEqual(created.success, [aed(1).id, aed(2).id])
        self.assertTrue(self.client.upsert([aed(2, 20), aed(3)]).ok)
        self.assertTrue(self.client.upsert([aed(2, 21)], update=True).ok)
        self.assertTrue(self.client.batch.update([aed(1, 10)]).ok)
        self.assertTrue(self.client.batch.update([aed(1, 11)], overwrite=False).n_tot)
        self.assertEqual(self.pads(), {1: 10, 2: 21, 3: 3})
        self.assertTrue(self.client.delete([aed(2), aed(3)]).ok)
        self.assertEqual(self.pads(), {1: 10})

    def test_what_a_batch_could_not_do_is_told(self):
        self.client.create(aed(1))
        created = self.client.create([aed(1), aed(2)])
        self.assertEqual((created.success, created.n_err), ([aed(2).id], 1))
        self.assertEqual(created.errors[0]["entityId"], aed(1).id)
        self.assertEqual(self.client.batch.update([aed(2, 5), aed(9)]).n_err, 1)
        self.assertEqual(self.client.delete([aed(2), aed(9)]).n_ok, 1)
        self.assertEqual(self.pads(), {1: 1})

    def test_files_are_created_and_deleted(self):
        with TemporaryDirectory() as folder:
            file = str(Path(folder) / "aeds.json")
            Entity.save_batch([aed(1), aed(2)], file)
            self.assertTrue(self.client.create(Entity.load_batch(file)).ok)
            self.assertTrue(self.client.delete_from_file(file).ok)
        self.assertEqual(self.pads(), {})


class Contexts(NgsildclientTest):
    def test_contexts_are_added_listed_used_and_deleted(self):
        self.client.contexts.add({"@context": {"AED": "https://example.org/AED", "pads": "https://example.org/pads"}})
        [url] = self.client.contexts.list()
        name = url.rsplit("/", 1)[1]
        self.assertTrue(self.client.contexts.exists(name))
        self.assertEqual(self.client.contexts.get(name)["@context"]["pads"], "https://example.org/pads")
        entity = aed()
        entity.ctx = [url]
        self.client.create(entity)
        self.assertEqual(self.client.get(entity, ctx=url)["pads.value"], 1)
        self.assertEqual(self.client.get(entity).type, "https://example.org/AED")
        self.assertEqual(len(self.client.query(type="AED", q="pads==1", ctx=url)), 1)
        self.assertEqual(self.client.query(type="AED"), [])
        self.assertTrue(self.client.contexts.delete(name))
        self.assertFalse(self.client.contexts.exists(name))
        with self.assertRaises(NgsiResourceNotFoundError):
            self.client.contexts.get(name)

    def test_what_is_no_context_is_refused(self):
        with self.assertRaises((NgsiBadRequestDataError, NgsiInvalidRequestError)):
            self.client.contexts.add({"@context": {"pads": 7}})


class Asynchronous(NgsildclientTest):
    def test_the_asynchronous_client_does_the_same(self):
        async def story():
            client = self.connect(AsyncClient)
            self.assertTrue(await client.create(aed(1)))
            with self.assertRaises(NgsiAlreadyExistsError):
                await client.create(aed(1))
            self.assertTrue(await client.upsert(aed(1, 5)))
            self.assertTrue((await client.upsert([aed(2), aed(3)])).ok)
            self.assertEqual((await client.get(aed(1)))["pads.value"], 5)
            self.assertEqual(await client.count(type="AED"), 3)
            self.assertEqual(self.ids(await client.query(type="AED", q="pads<4")), [2, 3])
            self.assertTrue(await client.exists(aed(1)))
            self.assertTrue(await client.delete(aed(1)))
            with self.assertRaises(NgsiResourceNotFoundError):
                await client.get(aed(1))
            self.assertEqual(await client.types.list(), ["AED"])
            await client.client.aclose()

        asyncio.run(story())


class Subscribing(NgsildclientTest):
    def test_a_subscription_is_made_listed_found_and_deleted(self):
        self.client.create(aed())
        subscriptions = self.client.subscriptions
        wish = SubscriptionBuilder("http://127.0.0.1:9/hook").select_type("AED").watch(["pads"]).notif(["pads"])
        wish = wish.description("pads run out").query("pads").build()
        made = subscriptions.create(wish)
        self.assertTrue(subscriptions.exists(made))
        self.assertEqual([found["id"] for found in subscriptions.list("run out")], [made])
        self.assertEqual(subscriptions.list("nothing"), [])
        got = subscriptions.get(made)
        self.assertEqual((got["watchedAttributes"], got["status"]), (["pads"], "active"))
        self.assertTrue(subscriptions.delete("run out"))
        self.assertFalse(subscriptions.exists(made))


if __name__ == "__main__":
    unittest.main()
