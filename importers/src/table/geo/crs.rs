//! Coordinate reference systems that Japanese files use, by EPSG code or by the text of a `.prj` file (WKT).

use hiroba_vocab::normalise::coordinate::Point;
use proj4rs::Proj;
use proj4rs::transform::transform;

/// The origins of the 19 zones of the plane rectangular system (平面直角座標系, 平成14年国土交通省告示第9号): latitude and
/// longitude in degrees and minutes.
const ZONES: [(u8, u16, u8); 19] = [
    (33, 129, 30),
    (33, 131, 0),
    (36, 132, 10),
    (33, 133, 30),
    (36, 134, 20),
    (36, 136, 0),
    (36, 137, 10),
    (36, 138, 30),
    (36, 139, 50),
    (40, 140, 50),
    (44, 140, 15),
    (44, 142, 15),
    (44, 144, 15),
    (26, 142, 0),
    (26, 127, 30),
    (26, 124, 0),
    (26, 131, 0),
    (20, 136, 0),
    (26, 154, 0),
];

/// How to get from the positions of a file to longitude and latitude. JGD2000, JGD2011 and WGS 84 are the same at the
/// precision of a map.
#[derive(Debug)]
pub(crate) struct Crs {
    /// Projected positions, and degrees on the same ellipsoid.
    projection: Option<(Proj, Proj)>,
    /// The datum that Japan used until 2002.
    pub(crate) tokyo: bool,
}

impl Crs {
    /// Degrees.
    pub(crate) fn geographic() -> Self {
        Self { projection: None, tokyo: false }
    }

    /// The system of an EPSG code, if it is one that Japanese files use.
    pub(crate) fn of_epsg(code: u32) -> Option<Self> {
        let zone = |first: u32, tokyo: bool| {
            let at = usize::try_from(code.checked_sub(first)?).ok()?;
            let (latitude, degrees, minutes) = *ZONES.get(at)?;
            let longitude = f64::from(degrees) + f64::from(minutes) / 60.0;
            Self::projected(&transverse(f64::from(latitude), longitude, 0.9999, 0.0, 0.0), tokyo)
        };
        let utm = |first: u32, zones: u32, tokyo: bool| {
            let zone = code.checked_sub(first).filter(|at| *at < zones)? + 51;
            Self::projected(&transverse(0.0, f64::from(zone) * 6.0 - 183.0, 0.9996, 500_000.0, 0.0), tokyo)
        };
        match code {
            4326 | 4612 | 4979 | 6668 | 6697 => Some(Self::geographic()),
            4301 => Some(Self { tokyo: true, ..Self::geographic() }),
            3857 | 900_913 | 102_100 | 102_113 => Self::projected(MERCATOR, false),
            _ => zone(2443, false)
                .or_else(|| zone(6669, false))
                .or_else(|| zone(30161, true))
                .or_else(|| utm(32651, 6, false))
                .or_else(|| utm(6688, 5, false))
                .or_else(|| utm(3097, 5, false))
                .or_else(|| utm(3092, 5, true)),
        }
    }

    /// The system that a `.prj` file or a GeoPackage describes in WKT.
    ///
    /// # Errors
    /// The name of a system that is not known here.
    pub(crate) fn of_wkt(wkt: &str) -> Result<Self, String> {
        let name = wkt.split('"').nth(1).unwrap_or("no name").to_owned();
        let text = wkt.to_lowercase();
        // The last authority is that of the system as a whole.
        let code = text.rsplit("authority[\"epsg\",").next().filter(|_| text.contains("authority[\"epsg\""));
        let code = code.map(|rest| rest.chars().filter(char::is_ascii_digit).collect::<String>());
        if let Some(found) = code.and_then(|code| code.parse().ok()).and_then(Self::of_epsg) {
            return Ok(found);
        }
        let datum = text.split("datum[").nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap_or_default();
        let modern = ["jgd", "japanese_geodetic", "japanese geodetic", "wgs", "world geodetic", "itrf"];
        let tokyo = datum.contains("tokyo");
        if !tokyo && !modern.iter().any(|word| datum.contains(word)) {
            return Err(name);
        }
        if !text.starts_with("projcs") && !text.starts_with("projcrs") {
            return Ok(Self { projection: None, tokyo });
        }
        let parameter = |parameter: &str| -> Option<f64> {
            let rest = text.split(&format!("parameter[\"{parameter}\",")).nth(1)?;
            rest.split([']', ',']).next()?.trim().parse().ok()
        };
        let projection = text.split("projection[\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        let found = if matches!(projection, "transverse_mercator" | "gauss_kruger") {
            let or = |name: &str, default: f64| parameter(name).unwrap_or(default);
            Self::projected(
                &transverse(
                    or("latitude_of_origin", 0.0),
                    or("central_meridian", 0.0),
                    or("scale_factor", 1.0),
                    or("false_easting", 0.0),
                    or("false_northing", 0.0),
                ),
                tokyo,
            )
        } else if projection == "mercator_auxiliary_sphere" || text.contains("pseudo-mercator") {
            Self::projected(MERCATOR, false)
        } else {
            None
        };
        found.ok_or(name)
    }

    fn projected(definition: &str, tokyo: bool) -> Option<Self> {
        let ellipsoid = if tokyo { "+ellps=bessel" } else { "+ellps=GRS80" };
        let from = if definition == MERCATOR { definition.to_owned() } else { format!("{definition} {ellipsoid}") };
        let to = if definition == MERCATOR {
            "+proj=longlat +a=6378137 +b=6378137".to_owned()
        } else {
            format!("+proj=longlat {ellipsoid}")
        };
        let proj = |text: &str| Proj::from_proj_string(text).ok();
        Some(Self { projection: Some((proj(&from)?, proj(&to)?)), tokyo })
    }

    /// Longitude and latitude with up to seven decimals, which is a centimetre.
    pub(crate) fn position(&self, x: f64, y: f64) -> Option<[f64; 2]> {
        let (mut longitude, mut latitude) = (x, y);
        if let Some((from, to)) = &self.projection {
            let mut point = (x, y, 0.0);
            transform(from, to, &mut point).ok()?;
            (longitude, latitude) = (point.0.to_degrees(), point.1.to_degrees());
        }
        if self.tokyo {
            let world = Point { longitude, latitude }.tokyo_to_world();
            (longitude, latitude) = (world.longitude, world.latitude);
        }
        let rounded = |degrees: f64| (degrees * 1e7).round() / 1e7;
        let possible = longitude.abs() <= 180.0 && latitude.abs() <= 90.0;
        possible.then(|| [rounded(longitude), rounded(latitude)])
    }
}

const MERCATOR: &str = "+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m";

fn transverse(latitude: f64, longitude: f64, scale: f64, east: f64, north: f64) -> String {
    format!("+proj=tmerc +lat_0={latitude} +lon_0={longitude} +k={scale} +x_0={east} +y_0={north} +units=m")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    const ZONE_9: &str = r#"PROJCS["JGD_2011_Japan_Zone_9",GEOGCS["GCS_JGD_2011",DATUM["D_JGD_2011",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",0.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",139.8333333333333],PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",36.0],UNIT["Meter",1.0]]"#;

    /// One place in the middle of Tokyo, to some fifty metres.
    #[test]
    fn a_place_is_the_same_place_in_every_system() {
        for (crs, x, y) in [
            (Crs::of_epsg(6677), -5_992.4, -35_363.3),
            (Crs::of_epsg(2451), -5_992.4, -35_363.3),
            (Crs::of_wkt(ZONE_9).ok(), -5_992.4, -35_363.3),
            (Crs::of_epsg(4326), 139.7671, 35.6812),
            (Crs::of_epsg(3857), 15_558_802.0, 4_256_903.0),
            (Crs::of_epsg(6691), 388_435.0, 3_949_286.0),
        ] {
            let [longitude, latitude] = crs.unwrap().position(x, y).unwrap();
            let close = (longitude - 139.7671).abs() < 5e-4 && (latitude - 35.6812).abs() < 5e-4;
            assert!(close, "{x} {y}: {longitude} {latitude}");
        }
    }

    #[test]
    fn the_old_datum_is_moved_and_an_unknown_system_is_named() {
        let tokyo = Crs::of_epsg(4301).unwrap().position(139.7703, 35.6780).unwrap();
        assert!((tokyo[0] - 139.7671).abs() < 5e-4 && (tokyo[1] - 35.6812).abs() < 5e-4, "{tokyo:?}");
        let british = r#"PROJCS["British_National_Grid",GEOGCS["GCS_OSGB_1936",DATUM["D_OSGB_1936"]]]"#;
        assert_eq!(Crs::of_wkt(british).unwrap_err(), "British_National_Grid");
        assert!(Crs::of_epsg(27700).is_none());
    }
}
