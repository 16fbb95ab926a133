//! Datums and map grids of Japan, in closed formulas.

use super::coordinate::Point;

/// Semi-major axis in metres and inverse flattening of the Bessel ellipsoid (Tokyo Datum).
const BESSEL: (f64, f64) = (6_377_397.155, 299.152_813);
/// The same of GRS 80 (JGD2011).
const GRS80: (f64, f64) = (6_378_137.0, 298.257_222_101);
/// From Tokyo Datum to the world, in metres: the Geospatial Information Authority's three parameters.
const SHIFT: (f64, f64, f64) = (-146.414, 507.337, 680.507);

/// Tokyo Datum to JGD2011 by the three-parameter shift. It follows the datum and not the distortions of the old network,
/// which the grid of TKY2JGD has: good to about ten metres.
pub(super) fn tokyo_to_world(at: Point) -> Point {
    let (axis, inverse) = BESSEL;
    let squared = (2.0 - 1.0 / inverse) / inverse;
    let (latitude, longitude) = (at.latitude.to_radians(), at.longitude.to_radians());
    let normal = axis / (1.0 - squared * latitude.sin().powi(2)).sqrt();
    let x = normal * latitude.cos() * longitude.cos() + SHIFT.0;
    let y = normal * latitude.cos() * longitude.sin() + SHIFT.1;
    let z = normal * (1.0 - squared) * latitude.sin() + SHIFT.2;
    // Bowring's formula: exact to far less than a millimetre on the ground.
    let (axis, inverse) = GRS80;
    let squared = (2.0 - 1.0 / inverse) / inverse;
    let minor = axis * (1.0 - 1.0 / inverse);
    let p = x.hypot(y);
    let theta = (z * axis).atan2(p * minor);
    let second = squared / (1.0 - squared);
    let latitude = (z + second * minor * theta.sin().powi(3)).atan2(p - squared * axis * theta.cos().powi(3));
    Point { longitude: y.atan2(x).to_degrees(), latitude: latitude.to_degrees() }
}

/// Latitude and longitude of the origins of the 19 zones of the plane rectangular coordinate system, in minutes of arc
/// (平成14年国土交通省告示第9号).
const ORIGINS: [(f64, f64); 19] = [
    (1980.0, 7770.0),
    (1980.0, 7860.0),
    (2160.0, 7930.0),
    (1980.0, 8010.0),
    (2160.0, 8060.0),
    (2160.0, 8160.0),
    (2160.0, 8230.0),
    (2160.0, 8310.0),
    (2160.0, 8390.0),
    (2400.0, 8450.0),
    (2640.0, 8415.0),
    (2640.0, 8535.0),
    (2640.0, 8655.0),
    (1560.0, 8520.0),
    (1560.0, 7650.0),
    (1560.0, 7440.0),
    (1560.0, 7860.0),
    (1200.0, 8160.0),
    (1560.0, 9240.0),
];

/// No zone reaches further than this from its origin, in metres.
const REACH: f64 = 600_000.0;

/// What metres north and east of the origin mean in each of the 19 zones (平面直角座標系, X is north), by the series of the
/// Gauss-Krüger projection (Kawase, 2011), exact to less than a millimetre.
pub(super) fn plane_to_degrees(north: f64, east: f64) -> Vec<Point> {
    if north.abs() > REACH || east.abs() > REACH {
        return Vec::new();
    }
    ORIGINS.iter().map(|origin| from_zone(north, east, *origin)).collect()
}

fn from_zone(north: f64, east: f64, (latitude, longitude): (f64, f64)) -> Point {
    const SCALE: f64 = 0.9999;
    let (axis, inverse) = GRS80;
    let n = 1.0 / (2.0 * inverse - 1.0);
    let (n2, n3, n4, n5) = (n.powi(2), n.powi(3), n.powi(4), n.powi(5));
    let a = [
        -1.5 * (n - n3 / 8.0 - n5 / 64.0),
        15.0 / 16.0 * (n2 - n4 / 4.0),
        -35.0 / 48.0 * (n3 - 5.0 * n5 / 16.0),
        315.0 / 512.0 * n4,
        -693.0 / 1280.0 * n5,
    ];
    let b = [
        n / 2.0 - 2.0 * n2 / 3.0 + 37.0 * n3 / 96.0 - n4 / 360.0 - 81.0 * n5 / 512.0,
        n2 / 48.0 + n3 / 15.0 - 437.0 * n4 / 1440.0 + 46.0 * n5 / 105.0,
        17.0 * n3 / 480.0 - 37.0 * n4 / 840.0 - 209.0 * n5 / 4480.0,
        4397.0 * n4 / 161_280.0 - 11.0 * n5 / 504.0,
        4583.0 * n5 / 161_280.0,
    ];
    let d = [
        2.0 * n - 2.0 * n2 / 3.0 - 2.0 * n3 + 116.0 * n4 / 45.0 + 26.0 * n5 / 45.0,
        7.0 * n2 / 3.0 - 8.0 * n3 / 5.0 - 227.0 * n4 / 45.0 + 2704.0 * n5 / 315.0,
        56.0 * n3 / 15.0 - 136.0 * n4 / 35.0 - 1262.0 * n5 / 105.0,
        4279.0 * n4 / 630.0 - 332.0 * n5 / 35.0,
        4174.0 * n5 / 315.0,
    ];
    let twice = |series: [f64; 5]| series.into_iter().zip([2.0, 4.0, 6.0, 8.0, 10.0]);
    let radius = SCALE * axis / (1.0 + n);
    let mean = 1.0 + n2 / 4.0 + n4 / 64.0;
    let origin = (latitude / 60.0).to_radians();
    let arc = radius * (mean * origin + twice(a).map(|(a, k)| a * (k * origin).sin()).sum::<f64>());
    let (xi, eta) = ((north + arc) / (radius * mean), east / (radius * mean));
    let xi_sphere = xi - twice(b).map(|(b, k)| b * (k * xi).sin() * (k * eta).cosh()).sum::<f64>();
    let eta_sphere = eta - twice(b).map(|(b, k)| b * (k * xi).cos() * (k * eta).sinh()).sum::<f64>();
    let conformal = (xi_sphere.sin() / eta_sphere.cosh()).asin();
    let found = conformal + twice(d).map(|(d, k)| d * (k * conformal).sin()).sum::<f64>();
    let from_middle = eta_sphere.sinh().atan2(xi_sphere.cos());
    Point { longitude: longitude / 60.0 + from_middle.to_degrees(), latitude: found.to_degrees() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [(usize, f64, f64, f64, f64); 4] = [
        (4, 148743.0, 50612.0, 34.339934635, 134.050091741),
        (9, -36259.47, -8190.33, 35.673141822, 139.742857681),
        (12, -104000.5, -60000.25, 43.061463625, 141.513363641),
        (15, 25000.0, 17000.0, 26.225574574, 127.670143207),
    ];

    fn metres(a: Point, latitude: f64, longitude: f64) -> f64 {
        a.distance_km(Point { longitude, latitude }) * 1000.0
    }

    #[test]
    fn the_origin_of_the_datum_moves_as_the_law_says() {
        // The origin of the Japanese datum, before and after 2002.
        let before = Point {
            longitude: 139.0 + 44.0 / 60.0 + 40.5020 / 3600.0,
            latitude: 35.0 + 39.0 / 60.0 + 17.5148 / 3600.0,
        };
        let (latitude, longitude) = (35.0 + 39.0 / 60.0 + 29.1572 / 3600.0, 139.0 + 44.0 / 60.0 + 28.8759 / 3600.0);
        let error = metres(tokyo_to_world(before), latitude, longitude);
        assert!(error < 1.0, "{error} m");
    }

    #[test]
    fn points_of_a_zone_are_where_other_programs_put_them() {
        for (zone, north, east, latitude, longitude) in PLACES {
            let point = plane_to_degrees(north, east)[zone - 1];
            let error = metres(point, latitude, longitude);
            assert!(error < 0.01, "{zone} {north} {east}: {error} m");
        }
        assert!(plane_to_degrees(0.0, 700_000.0).is_empty());
    }
}
