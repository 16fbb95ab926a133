//! The kinds of queries, each with another value every time.

use fastrand::Rng;
use hiroba_benches::client::Ask;
use hiroba_benches::{EXTENT, ORIGIN, id};

/// A kind of query.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The query string of one request, for a city of so many entities.
    query: fn(&mut Rng, usize) -> String,
}

/// Every kind whose index is there from the beginning.
pub(crate) const QUERIES: &[Kind] = &[
    Kind { name: "a type", query: |_, _| "type=AED".to_owned() },
    Kind { name: "every type", query: |_, _| "type=*".to_owned() },
    Kind {
        name: "type, q: an indexed attribute equals",
        query: |random, _| format!("type=EvacuationSite&q=capacity=={}", random.u32(50..5_000)),
    },
    Kind {
        name: "type, q: a narrow range of it",
        query: |random, _| format!("type=EvacuationSite&q=capacity%3E{}", random.u32(4_800..4_990)),
    },
    Kind {
        name: "type, q: a wide range of it",
        query: |random, _| format!("type=EvacuationSite&q=capacity%3E{}", random.u32(50..2_500)),
    },
    Kind {
        name: "type, within a box of 1 km",
        query: |random, _| format!("type=PublicFacility&{}", square(random, 0.05)),
    },
    Kind {
        name: "type, within a box of 10 km",
        query: |random, _| format!("type=PublicFacility&{}", square(random, 0.5)),
    },
    Kind { name: "type, near, 500 m", query: |random, _| format!("type=AED&{}", near(random, 500)) },
    Kind { name: "type, near, 5 km", query: |random, _| format!("type=AED&{}", near(random, 5_000)) },
    Kind {
        name: "type, near, 500 m, the nearest first",
        query: |random, _| {
            let [x, y] = place(random);
            format!(
                "type=AED&{}&local=true&orderBy=location;dist-asc&orderFrom=%5B{x:.6},{y:.6}%5D",
                near_to(x, y, 500)
            )
        },
    },
    Kind {
        name: "idPattern with a prefix, a few",
        query: |random, size| format!("type=*&idPattern=%5E{}", id(random.usize(..size / 10))),
    },
    Kind {
        name: "type, idPattern with a prefix, many",
        query: |random, _| format!("type=AED&idPattern=%5E{}", id(random.usize(1..10))),
    },
    Kind {
        name: "type, q on an attribute and near, 5 km",
        query: |random, _| {
            format!("type=EvacuationSite&q=capacity%3E{}&{}", random.u32(4_000..4_900), near(random, 5_000))
        },
    },
];

/// A condition whose index builds itself: of a million entities 400,000 have the attribute, and a hundred the value.
pub(crate) const UNINDEXED: Kind = Kind {
    name: "type, q: another attribute equals",
    query: |random, _| format!("type=StreetLight&q=illuminance=={}", random.u32(..4_000)),
};

impl Kind {
    /// The request of a number. A parameter without effect tells it from every other, whatever it asks: the same request
    /// would be answered from memory.
    pub(crate) fn ask(&self, number: usize, limit: usize, size: usize) -> Ask {
        let mut random = Rng::with_seed(number as u64 ^ (limit as u64) << 32);
        let query = (self.query)(&mut random, size);
        Ask::get(format!("/ngsi-ld/v1/entities?{query}&limit={limit}&entityMapLifetime=PT{number}S"))
    }
}

fn place(random: &mut Rng) -> [f64; 2] {
    [0, 1].map(|axis| ORIGIN[axis] + EXTENT[axis] * random.f64())
}

/// A box that is so much of the city's width and height.
fn square(random: &mut Rng, part: f64) -> String {
    let [x, y] = [0, 1].map(|axis| ORIGIN[axis] + EXTENT[axis] * (1.0 - part) * random.f64());
    let (east, north) = (x + EXTENT[0] * part, y + EXTENT[1] * part);
    let ring = [[x, y], [east, y], [east, north], [x, north], [x, y]].map(|[x, y]| format!("%5B{x:.6},{y:.6}%5D"));
    format!("georel=within&geometry=Polygon&coordinates=%5B%5B{}%5D%5D", ring.join(","))
}

fn near(random: &mut Rng, metres: u32) -> String {
    let [x, y] = place(random);
    near_to(x, y, metres)
}

fn near_to(x: f64, y: f64, metres: u32) -> String {
    format!("georel=near;maxDistance=={metres}&geometry=Point&coordinates=%5B{x:.6},{y:.6}%5D")
}
