//! IIIF image services: which size of a picture is asked for, by the service's `info.json`.
//!
//! Versions 1, 2 and 3 of the IIIF Image API are understood.

use serde_json::Value;

/// An address of an image service: `…/info.json`, or `…/full/full/0/default.jpg` and the like, which asks for the whole
/// picture at its full size. An address that asks for another size or a part is an ordinary address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageService<'a> {
    /// The address of the service without a closing slash.
    base: &'a str,
    /// Rotation, quality and format, such as `0/default.jpg`; empty for an `info.json`.
    rendering: &'a str,
    /// A query with its `?`, such as a key; may be empty.
    query: &'a str,
}

impl<'a> ImageService<'a> {
    /// The service behind an address; `None` for an ordinary one.
    pub(crate) fn of(address: &'a str) -> Option<Self> {
        let address = address.trim().split('#').next()?;
        let (path, query) = address.split_at(address.find('?').unwrap_or(address.len()));
        let scheme = path.get(..path.find("://")?)?;
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return None;
        }
        if let Some(base) = path.strip_suffix("/info.json") {
            return Some(Self { base, rendering: "", query });
        }
        let mut parts = path.rsplitn(5, '/');
        let (file, rotation, size, region, base) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let (quality, format) = file.split_once('.')?;
        let is_rendering = ["default", "native", "color", "gray", "bitonal"].contains(&quality)
            && ["jpg", "png", "tif", "gif", "jp2", "webp"].contains(&format);
        let is_whole = region == "full" && ["full", "max", "^max"].contains(&size) && rotation == "0";
        let rendering = &path[path.len() - rotation.len() - 1 - file.len()..];
        (is_rendering && is_whole && base.contains("://")).then_some(Self { base, rendering, query })
    }

    /// True where the address is that of an `info.json`, which is no picture itself.
    pub(crate) fn is_description(&self) -> bool {
        self.rendering.is_empty()
    }

    /// The address of the service's description.
    pub(crate) fn info_address(&self) -> String {
        format!("{}/info.json{}", self.base, self.query)
    }

    /// The address of the picture with at least `shorter_px` pixels on the shorter side where the service has and allows
    /// as many, by the content of its `info.json`.
    ///
    /// # Errors
    /// Why the content describes no image.
    pub(crate) fn sized(&self, info: &[u8], shorter_px: u64) -> Result<String, String> {
        let info: Value =
            serde_json::from_slice(info).map_err(|cause| format!("the info.json is not JSON: {cause}"))?;
        let side = |name: &str| info[name].as_u64().filter(|&side| side > 0);
        let (Some(width), Some(height)) = (side("width"), side("height")) else {
            return Err("the info.json states no width and height".into());
        };
        let shorter = width.min(height);
        let largest = if major_version(&info) >= 3 { "max" } else { "full" };
        let size = if level(&info) == 0 {
            smallest_listed(&info, shorter_px, shorter).map_or(largest.to_owned(), |size| size.text(&info))
        } else {
            let scaled = |bound: u64| (u128::from(width) * u128::from(bound)).div_ceil(u128::from(shorter)) as u64;
            let wanted = if shorter > shorter_px { scaled(shorter_px) } else { width };
            let allowed = widest_allowed(&info, width, height);
            match wanted.min(allowed) {
                whole if whole >= width => largest.to_owned(),
                part => format!("{},", part.max(1)),
            }
        };
        let rendering = match self.rendering {
            "" if major_version(&info) == 1 => "0/native.jpg",
            "" => "0/default.jpg",
            stated => stated,
        };
        Ok(format!("{}/full/{size}/{rendering}{}", self.base, self.query))
    }
}

/// A size that a service keeps ready.
#[derive(Clone, Copy)]
struct Listed {
    width: u64,
    height: u64,
}

impl Listed {
    /// The size as a request states it: version 3 wants both sides.
    fn text(self, info: &Value) -> String {
        if major_version(info) >= 3 { format!("{},{}", self.width, self.height) } else { format!("{},", self.width) }
    }
}

/// The smallest listed size with the wanted shorter side, else the largest; `None` where no size is listed, or where the
/// whole picture is what is needed.
fn smallest_listed(info: &Value, wanted: u64, whole: u64) -> Option<Listed> {
    let side = |size: &Value, name: &str| size[name].as_u64().filter(|&side| side > 0);
    let sizes = info["sizes"].as_array()?.iter();
    let mut sizes: Vec<Listed> =
        sizes.filter_map(|size| Some(Listed { width: side(size, "width")?, height: side(size, "height")? })).collect();
    sizes.sort_by_key(|size| size.width.min(size.height));
    let shorter = |size: &Listed| size.width.min(size.height);
    let fitting = sizes.iter().find(|size| shorter(size) >= wanted).or(sizes.last()).copied()?;
    let is_largest_and_small = shorter(&fitting) < wanted && whole > shorter(&fitting);
    // A list without a size that is large enough leaves the whole picture, unless the service sets a limit.
    let is_limited = ["maxWidth", "maxHeight", "maxArea"].iter().any(|name| limit(info, name).is_some());
    (!is_largest_and_small || is_limited).then_some(fitting)
}

/// The largest width that the service allows for the whole picture.
fn widest_allowed(info: &Value, width: u64, height: u64) -> u64 {
    let by_width = limit(info, "maxWidth");
    // Where only the width is limited, the same limit counts for the height.
    let by_height = limit(info, "maxHeight").or(by_width).map(|limit| fraction(width, limit, height));
    let by_area = limit(info, "maxArea").map(|area| {
        let share = (area as f64 / (width as f64 * height as f64)).min(1.0).sqrt();
        (width as f64 * share) as u64
    });
    [by_width, by_height, by_area].into_iter().flatten().fold(width, u64::min)
}

fn fraction(length: u64, numerator: u64, denominator: u64) -> u64 {
    u64::try_from(u128::from(length) * u128::from(numerator) / u128::from(denominator)).unwrap_or(u64::MAX)
}

/// A limit of the service: version 3 states it at the top, version 2 in its profile.
fn limit(info: &Value, name: &str) -> Option<u64> {
    let in_profile = || info["profile"].as_array()?.iter().find_map(|part| part[name].as_u64());
    info[name].as_u64().or_else(in_profile).filter(|&limit| limit > 0)
}

fn major_version(info: &Value) -> u32 {
    let text = format!("{}{}", info["@context"], info["profile"]);
    if text.contains("/image/3") || info["type"] == "ImageService3" {
        3
    } else if text.contains("/image/1") || text.contains("library.stanford.edu/iiif") {
        1
    } else {
        2
    }
}

/// The level of compliance; a service that does not state it has the sizes that it lists.
fn level(info: &Value) -> u32 {
    let profile = &info["profile"];
    let stated = profile.as_str().or_else(|| profile.as_array()?.iter().find_map(Value::as_str)).unwrap_or_default();
    let features = [&info["extraFeatures"], &profile[1]["supports"]];
    let has_widths =
        || features.iter().any(|list| list.as_array().is_some_and(|list| list.iter().any(|name| name == "sizeByW")));
    match stated.rsplit(['#', '/']).next().unwrap_or_default().trim_end_matches(".json") {
        "level1" | "level2" => 1,
        _ if has_widths() => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://m.example/iiif/id%2F1";

    fn asked(address: &str, info: &str) -> String {
        let asked = ImageService::of(address).unwrap().sized(info.as_bytes(), 448).unwrap();
        asked.strip_prefix(BASE).unwrap().to_owned()
    }

    #[test]
    fn an_image_of_a_service_is_told_from_an_ordinary_one() {
        for ending in ["info.json", "full/full/0/default.jpg", "full/max/0/color.png", "full/%5Emax/0/default.jpg"] {
            let address = format!("{BASE}/{}?key=1", ending.replace("%5E", "^"));
            let service = ImageService::of(&address).unwrap();
            assert_eq!(service.info_address(), format!("{BASE}/info.json?key=1"), "{ending}");
            assert_eq!(service.is_description(), ending == "info.json");
        }
        for ordinary in [
            "https://m.example/iiif/1/full/600,/0/default.jpg",
            "https://m.example/iiif/1/0,0,10,10/full/0/default.jpg",
            "https://m.example/iiif/1/full/full/90/default.jpg",
            "https://m.example/full/full/0/picture.jpg",
            "https://m.example/a.jpg",
            "pics/full/full/0/default.jpg",
            "file:///pics/info.json",
        ] {
            assert_eq!(ImageService::of(ordinary), None, "{ordinary}");
        }
    }

    #[test]
    fn the_size_that_is_needed_is_asked_for() {
        let info = format!("{BASE}/info.json");
        let image = format!("{BASE}/full/full/0/color.png");
        let v2 = |more: &str| {
            format!(r#"{{"@context":"http://iiif.io/api/image/2/context.json","width":20000,"height":10000,{more}}}"#)
        };
        let v3 = |more: &str| {
            format!(r#"{{"@context":"http://iiif.io/api/image/3/context.json","width":10000,"height":20001,{more}}}"#)
        };
        let level2 = r#""profile":["http://iiif.io/api/image/2/level2.json"]"#;
        assert_eq!(asked(&info, &v2(level2)), "/full/896,/0/default.jpg");
        assert_eq!(asked(&image, &v2(level2)), "/full/896,/0/color.png");
        assert_eq!(asked(&info, &v3(r#""profile":"level1""#)), "/full/448,/0/default.jpg");
        assert_eq!(asked(&info, &v3(r#""profile":"level2","maxWidth":400"#)), "/full/199,/0/default.jpg");
        assert_eq!(
            asked(&info, &v3(r#""profile":"level2","maxWidth":400,"maxHeight":5000"#)),
            "/full/400,/0/default.jpg"
        );
        assert_eq!(asked(&info, &v2(r#""profile":["…/level1.json",{"maxArea":20000}]"#)), "/full/200,/0/default.jpg");
        let sizes = r#""sizes":[{"width":2000,"height":1000},{"width":400,"height":200},{"width":1000,"height":500}]"#;
        assert_eq!(
            asked(&info, &v2(&format!(r#""profile":["http://iiif.io/api/image/2/level0.json"],{sizes}"#))),
            "/full/1000,/0/default.jpg"
        );
        assert_eq!(asked(&info, &v3(&format!(r#""profile":"level0",{sizes}"#))), "/full/1000,500/0/default.jpg");
        assert_eq!(asked(&info, &v3(r#""profile":"level0""#)), "/full/max/0/default.jpg");
        assert_eq!(
            asked(&info, &v2(r#""profile":"http://iiif.io/api/image/2/level0.json""#)),
            "/full/full/0/default.jpg"
        );
        let small = r#"{"width":300,"height":448,"profile":"level2","type":"ImageService3"}"#;
        assert_eq!(asked(&info, small), "/full/max/0/default.jpg");
        let first = r#"{"width":896,"height":4480,"profile":"http://library.stanford.edu/iiif/image-api/compliance.html#level1"}"#;
        assert_eq!(asked(&info, first), "/full/448,/0/native.jpg");
    }

    #[test]
    fn what_describes_no_image_is_said() {
        let sized = |info: &str| ImageService::of("http://m.example/1/info.json").unwrap().sized(info.as_bytes(), 448);
        assert!(sized("<html>").unwrap_err().contains("not JSON"));
        assert!(sized(r#"{"width":0,"height":5}"#).unwrap_err().contains("no width and height"));
        assert!(sized(r#"{"width":-1,"height":"5"}"#).unwrap_err().contains("no width and height"));
    }
}
