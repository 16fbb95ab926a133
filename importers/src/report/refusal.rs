//! Why a file as a whole cannot be imported, in the language of the report.

use super::Language;
use crate::error::ImportError;

/// What a file is, or what is to be done, where [`ImportError`] holds it as an English text. Texts with a reason of the
/// system's in brackets are split at it.
const WORDS: &[(&str, &str)] = &[
    ("no text but binary data", "文字ではなくバイナリデータ"),
    ("Give a CSV, Excel or GeoJSON file.", "CSV、Excel又はGeoJSONのファイルを指定してください。"),
    ("a text without columns", "列のない文章"),
    (
        "Give the file with the table: its header names the columns.",
        "表のファイルを指定してください。見出しの行に項目名が必要です。",
    ),
    ("a PDF document", "PDF文書"),
    ("Publish the table itself as CSV or Excel.", "表そのものをCSV又はExcelで公開してください。"),
    ("compressed (gzip)", "圧縮されたファイル（gzip）"),
    ("Unpack it first.", "先に展開してください。"),
    ("a web page (HTML)", "ウェブページ（HTML）"),
    ("an XML document", "XML文書"),
    (
        "Download the data itself: the address may have led to an error page.",
        "データそのものをダウンロードしてください。エラーページを保存した可能性があります。",
    ),
    ("Put CSV, Excel or GeoJSON files into it.", "CSV、Excel又はGeoJSONのファイルを入れてください。"),
    ("an archive inside an archive", "圧縮ファイルの中の圧縮ファイル"),
    ("Unpack it and give it by itself.", "展開して、それだけを指定してください。"),
    ("the number of members", "ファイルの数"),
    ("an unpacked member", "展開したファイル"),
    ("the unpacked archive", "展開したZIPファイル"),
    ("the table", "表"),
    ("the layer", "レイヤー"),
    ("the feature", "地物"),
    ("the number of points", "点の数"),
    (
        "the attributes (.dbf) are missing. Give a ZIP archive with all files of the same name: .shp, .dbf, .prj.",
        "属性のファイル（.dbf）がありません。同じ名前の.shp、.dbf、.prjを1つのZIPファイルにまとめて指定してください。",
    ),
    (
        "the attributes (.dbf) are damaged. Export the Shapefile again.",
        "属性のファイル（.dbf）が壊れています。Shapefileをもう一度書き出してください。",
    ),
    (
        "the geometries (.shp) are damaged. Export the Shapefile again.",
        "図形のファイル（.shp）が壊れています。Shapefileをもう一度書き出してください。",
    ),
    (
        "the positions are no degrees, and the file that says what they are (.prj) is missing. Add it to the archive.",
        "位置が緯度経度ではなく、座標系のファイル（.prj）がありません。ZIPファイルに加えてください。",
    ),
    ("the workbook", "ブック"),
    ("the unpacked workbook", "展開したブック"),
    ("the GeoJSON file", "GeoJSONファイル"),
    ("the sheet", "シート"),
    ("the record", "レコード"),
    ("the number of rows", "行数"),
    ("the number of columns", "列数"),
    ("the table of features and properties", "地物と属性の表"),
    (
        "the workbook is protected by a password. Take the protection off.",
        "ブックはパスワードで保護されています。保護を解除してください。",
    ),
    (
        "this is JSON but no GeoJSON FeatureCollection: it has no 'features'.",
        "JSONですが、GeoJSONのFeatureCollectionではありません（featuresがありません）。",
    ),
    ("the file changed while it was read", "読み取り中にファイルが変わりました"),
];

/// Texts before and after a reason that the system or a library gives: in English, then in Japanese.
const AROUND: &[[&str; 4]] = &[
    ["the archive is damaged (", "). Export it again.", "ファイルが壊れています（", "）。もう一度書き出してください。"],
    [
        "the workbook cannot be read (",
        "). Open it and save it again, or export the sheet as CSV.",
        "ブックを読めません（",
        "）。開いて保存し直すか、シートをCSVで書き出してください。",
    ],
    ["the JSON is damaged (", "). Export it again.", "JSONが壊れています（", "）。もう一度書き出してください。"],
    ["a ZIP archive without a table (", ")", "表のないZIPファイル（", "）"],
    [
        "the GeoPackage cannot be read (",
        "). Export it again.",
        "GeoPackageを読めません（",
        "）。もう一度書き出してください。",
    ],
    [
        "the reference system ",
        " is not known. Export it again in JGD2011 (EPSG:6668) or WGS 84 (EPSG:4326).",
        "座標系（",
        "）が分かりません。JGD2011（EPSG:6668）又はWGS 84（EPSG:4326）でもう一度書き出してください。",
    ],
    [
        "the geometry of row ",
        " is damaged. Export the Shapefile again.",
        "図形が壊れている行があります（行",
        "）。Shapefileをもう一度書き出してください。",
    ],
];

impl ImportError {
    /// The error in the language of the report. What the operating system or a library says stays as it is.
    pub fn to_text_in(&self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::Japanese => self.japanese(),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::Unreadable { file, reason } => format!("{file}：読めません：{}", words(reason)),
            Self::Temporary { file, reason, directory } => format!(
                "{file}：重複する行を調べるための一時ファイルを使えません：{reason}。一時ファイルの場所（{directory}）の空き容量を\
                 増やすか、環境変数TMPDIRで別の場所を指定してください。"
            ),
            Self::Directory { file } => {
                format!("{file}はフォルダーです。CSV、Excel又はGeoJSONのファイルそのものを指定してください。")
            }
            Self::Empty { file } => {
                format!("{file}は空です。ダウンロード又は書き出しが完了していたか確かめてください。")
            }
            Self::WrongKind { file, what, advice } => format!("{file}は{}です。{}", words(what), words(advice)),
            Self::TooLarge { file, row, what, limit } => format!(
                "{file}{}：{}が上限（{}）を超えています。ファイルを分けるか、CSVで書き出してください。",
                in_row(*row),
                words(what),
                bound(limit)
            ),
            Self::Undecodable { file, offset, line } => format!(
                "{file}：{line}行目（{offset}バイト目）は、UTF-8、CP932（Shift_JIS）、EUC-JPのどれでも文字になりません。\
                 作成したソフトで開き、「CSV UTF-8」で保存してください。"
            ),
            Self::Damaged { file, row, reason } => format!("{file}{}：{}", in_row(*row), words(reason)),
            Self::OpenQuote { file, row } => format!(
                "{file}、{row}行目：ここで始まる引用符（\"）が閉じていないため、残りの行が1つのセルになります。閉じるか、削除してください。"
            ),
            Self::NoHeader { file, searched } => format!(
                "{file}：最初の{searched}行に見出しの行がありません。名称、住所、緯度、経度のように項目名を並べた行が必要です。"
            ),
            Self::NothingPublished { file, rows, refused, dataset } => {
                let none = match (rows, refused) {
                    (0, _) => "見出しの下に1行もありません".to_owned(),
                    (_, None) => format!("{rows}行のうち公開できる行がありません"),
                    (_, Some(first)) => format!(
                        "{rows}行のうち公開できる行がありません（{}行目の{}：{}）",
                        first.row,
                        first.column,
                        first.reason_ja.trim_end_matches('。')
                    ),
                };
                format!(
                    "{file}：{none}。取り込むと、公開中の一覧（{dataset}）の内容がすべてなくなるため、公開中の一覧は変えていません。\
                     書き出しが完了していたか確かめてください。一覧が本当に空であれば、データセットを削除してください：\
                     hiroba dataset remove {dataset}"
                )
            }
            Self::Mapping { file, line, column, problem } => {
                format!("{file}、{line}行目の{column}文字目：対応付けのファイルに誤りがあります：{problem}。")
            }
            Self::Unknown { file, what, name, known } => {
                let what = if *what == "sheet" { "シート" } else { "データセット" };
                format!("{file}：{what}「{name}」はありません。あるもの：{known}。")
            }
        }
    }
}

/// The Japanese of a text, or the text itself where it comes from elsewhere.
fn words(text: &str) -> String {
    if let Some((_, japanese)) = WORDS.iter().find(|(english, _)| *english == text) {
        return (*japanese).to_owned();
    }
    let around = AROUND.iter().find_map(|[before, after, begin, end]| {
        let reason = text.strip_prefix(before)?.strip_suffix(after)?;
        Some(format!("{begin}{reason}{end}"))
    });
    around.unwrap_or_else(|| text.to_owned())
}

/// A limit with its units.
fn bound(limit: &str) -> String {
    limit.replace(" cells and ", "セル・").replace(" columns", "列").replace(" cells", "セル").replace(" rows", "行")
}

fn in_row(row: Option<u64>) -> String {
    row.map_or_else(String::new, |row| format!("、{row}行目"))
}
