//! Whatever dies: nothing is lost, and each receiver gets what it is to get in order.

use std::collections::HashMap;

use hiroba_store::{DeliveryClaim, Matching, Store, TenantId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::subscriptions::{add, made};
use crate::*;

const SUBSCRIPTIONS: [&str; 3] = ["a", "b", "c"];
/// How long claims hold, in seconds.
const HOLD: i64 = 10;

#[derive(Debug, Clone)]
enum Step {
    /// The matcher notes notifications for these subscriptions, or has died before and another one does.
    Note {
        to: Vec<usize>,
        died: bool,
    },
    Claim {
        limit: usize,
    },
    /// Somebody who once had a claim goes on with it, whether or not he has lost it.
    Work {
        claim: usize,
        outcome: Outcome,
    },
    Wait {
        seconds: i64,
    },
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Delivered,
    /// The receiver has it, and who sent it died before noting so.
    DiedAfterSending,
    Refused,
    Released,
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        4 => Just(Outcome::Delivered),
        1 => Just(Outcome::DiedAfterSending),
        2 => Just(Outcome::Refused),
        2 => Just(Outcome::Released),
    ];
    prop_oneof![
        3 => (vec(0..SUBSCRIPTIONS.len(), 0..4), any::<bool>()).prop_map(|(to, died)| Step::Note { to, died }),
        3 => (1..4_usize).prop_map(|limit| Step::Claim { limit }),
        6 => (0..20_usize, outcome).prop_map(|(claim, outcome)| Step::Work { claim, outcome }),
        2 => (1..12_i64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// What ought to be so.
struct World<'a> {
    store: &'a Store,
    tenant: TenantId,
    now: i64,
    matching: Matching,
    /// How many notifications were noted for each subscription; they say their numbers.
    noted: HashMap<String, usize>,
    /// What the receivers got, repetitions left out.
    received: HashMap<String, usize>,
    /// All claims there ever were.
    claims: Vec<DeliveryClaim>,
    /// The place in `claims` of the one who holds a subscription, and until when he does for certain.
    holders: HashMap<String, (usize, i64)>,
}

impl World<'_> {
    async fn note(&mut self, to: &[usize], died: bool) {
        if died {
            self.now += HOLD;
            let lost = self.matching;
            self.matching = self.claim_matching().await;
            let late = [made(self.tenant, SUBSCRIPTIONS[0], "of the dead", self.now)];
            assert!(!self.store.note_notifications(&lost, lost.position, &late, at(self.now + HOLD)).await.unwrap());
        }
        let mut all = Vec::new();
        for subscription in to.iter().map(|place| SUBSCRIPTIONS[*place]) {
            let count = self.noted.entry(subscription.to_owned()).or_default();
            *count += 1;
            all.push(made(self.tenant, subscription, &count.to_string(), self.now));
        }
        let Matching { position, .. } = self.matching;
        assert!(self.store.note_notifications(&self.matching, position, &all, at(self.now + HOLD)).await.unwrap());
    }

    async fn claim_matching(&self) -> Matching {
        self.store.claim_matching("m", at(self.now), at(self.now + HOLD)).await.unwrap().unwrap()
    }

    async fn claim(&mut self, limit: usize) -> usize {
        let claims = self.store.claim_deliveries("d", at(self.now), at(self.now + HOLD), limit).await.unwrap();
        assert!(claims.len() <= limit);
        let count = claims.len();
        for claim in claims {
            let place = self.claims.len();
            let former = self.holders.insert(claim.subscription.clone(), (place, self.now + HOLD));
            assert!(former.is_none_or(|(_, until)| until <= self.now), "{} is held", claim.subscription);
            self.claims.push(claim);
        }
        count
    }

    /// Whether something was delivered.
    async fn work(&mut self, place: usize, outcome: Outcome) -> bool {
        let claim = self.claims[place].clone();
        let holds = self.holders.get(&claim.subscription).is_some_and(|(holder, _)| *holder == place);
        let (store, now) = (self.store, at(self.now));
        if let Outcome::Released = outcome {
            assert_eq!(store.release_delivery(&claim, now).await.unwrap(), holds);
            if holds {
                self.holders.remove(&claim.subscription);
            }
            return false;
        }
        let Some(next) = store.next_notifications(&claim, 1).await.unwrap().pop() else {
            let received = self.received.get(&claim.subscription).copied().unwrap_or(0);
            assert!(!holds || received == self.noted.get(&claim.subscription).copied().unwrap_or(0), "one is lost");
            return false;
        };
        assert!(holds, "who has lost a claim is told nothing");
        if let Outcome::Refused = outcome {
            assert!(store.not_delivered(&claim, next.number, now, "no", at(self.now + 3)).await.unwrap());
            return false;
        }
        let says: usize = next.payload.parse().unwrap();
        let received = self.received.entry(claim.subscription.clone()).or_default();
        assert!(says <= *received + 1, "{says} of {} comes after {received}", claim.subscription);
        *received = says.max(*received);
        if let Outcome::Delivered = outcome {
            assert!(store.delivered(&claim, &[next.number], now).await.unwrap());
        }
        true
    }

    async fn drain(&mut self) {
        for _ in 0..SUBSCRIPTIONS.len() + 2 {
            self.now += HOLD;
            while self.claim(2).await > 0 {
                for place in self.claims.len().saturating_sub(2)..self.claims.len() {
                    while self.work(place, Outcome::Delivered).await {}
                    self.work(place, Outcome::Released).await;
                }
            }
        }
        self.noted.retain(|_, count| *count > 0);
        assert_eq!(self.received, self.noted);
    }
}

/// `start` is later than everything in the cases before, of which one that failed may have left something.
async fn happens(store: &Store, tenant: TenantId, start: i64, steps: Vec<Step>) {
    for subscription in SUBSCRIPTIONS {
        store.delete_subscription(tenant, subscription).await.unwrap();
        add(store, tenant, subscription).await;
    }
    let matching = store.claim_matching("m", at(start), at(start + HOLD)).await.unwrap().unwrap();
    let mut world = World {
        store,
        tenant,
        now: start,
        matching,
        noted: HashMap::new(),
        received: HashMap::new(),
        claims: Vec::new(),
        holders: HashMap::new(),
    };
    for step in steps {
        match step {
            Step::Note { to, died } => world.note(&to, died).await,
            Step::Claim { limit } => drop(world.claim(limit).await),
            Step::Work { claim, outcome } if !world.claims.is_empty() => {
                world.work(claim % world.claims.len(), outcome).await;
            }
            Step::Work { .. } => {}
            Step::Wait { seconds } => world.now += seconds,
        }
    }
    world.drain().await;
    store.release_matching(&world.matching).await.unwrap();
    let backlog = store.backlog().await.unwrap();
    assert_eq!((backlog.notifications, backlog.subscriptions), (0, 0));
    for subscription in SUBSCRIPTIONS {
        assert_eq!(store.subscription(tenant, subscription).await.unwrap().unwrap().waiting, 0);
    }
}

#[test]
fn whatever_dies_each_receiver_gets_all_and_in_order() {
    run(async {
        for database in databases().await {
            let store = database.open().await;
            let tenant = default_tenant(&store).await;
            let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
            let handle = tokio::runtime::Handle::current();
            let case = std::cell::Cell::new(0);
            let outcome = runner.run(&vec(step(), 1..60), |steps| {
                case.set(case.get() + 1);
                let happening = happens(&store, tenant, case.get() * 100_000, steps);
                tokio::task::block_in_place(|| handle.block_on(happening));
                Ok(())
            });
            outcome.unwrap();
        }
    });
}
