//! Files for the browser, embedded in the binary. Names hold a hash of the content, so they are kept for ever.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;

use crate::http::problem::{HttpError, Result};

/// What `npm run build` made; nothing when it was not run.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/explorer"]
#[allow_missing = true]
struct Built;

const STYLE: &str = include_str!("style.css");

/// A round open square: the place that everybody may enter.
const ICON: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect x="3" y="3" width="26" height="26" rx="7" fill="none" stroke="#c2410c" stroke-width="4"/><circle cx="16" cy="16" r="4" fill="#0b57d0"/></svg>"##;

/// Where the style sheet is.
pub const STYLE_PATH: &str = concat!("/assets/style-", env!("CARGO_PKG_VERSION"), ".css");

/// Where the script is; `None` when it was not built.
pub fn script() -> Option<String> {
    static SCRIPT: LazyLock<Option<String>> = LazyLock::new(|| {
        let manifest = Built::get("manifest.json")?;
        let manifest: serde_json::Value = serde_json::from_slice(&manifest.data).ok()?;
        Some(format!("/assets/{}", manifest["src/main.ts"]["file"].as_str()?))
    });
    SCRIPT.clone()
}

/// `/assets/{name}`.
///
/// # Errors
/// NotFound.
pub async fn asset(request: HttpRequest) -> Result<HttpResponse> {
    let name = request.match_info().get("name").unwrap_or_default();
    let mut response = HttpResponse::Ok();
    response.insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"));
    if request.path() == STYLE_PATH {
        // Its name changes with the version only; while a version is being made, it must not stick.
        response.insert_header((CACHE_CONTROL, "public, max-age=300"));
        return Ok(response.content_type("text/css; charset=utf-8").body(STYLE));
    }
    if name == "icon.svg" {
        return Ok(response.content_type("image/svg+xml").body(ICON));
    }
    let file = Built::get(name).ok_or_else(|| HttpError::NotFound(request.path().to_owned()))?;
    let kind = match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    };
    Ok(response.content_type(kind).body(file.data.into_owned()))
}

/// `/favicon.ico`: the icon, under the name that browsers ask for by themselves.
pub async fn favicon() -> HttpResponse {
    HttpResponse::MovedPermanently().insert_header((LOCATION, "/assets/icon.svg")).finish()
}
