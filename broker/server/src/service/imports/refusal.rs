//! Why something is not done with a file that was sent.

use hiroba_vocab::EntityId;

/// Why something cannot be done with a file in the state that it is in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The task before has not ended.
    #[error("something is being done with this file; wait until it has ended")]
    Working,
    /// It is published already.
    #[error("this file is published; send it again to change something")]
    Published,
    /// It was not published, or nothing was new in it.
    #[error("this file has made no version to take back")]
    NothingToUndo,
    /// Taking back what it published would take back what came after it, too. Holds the data set.
    #[error(
        "{0} has a newer version by now; hiroba dataset undo, with --to, brings an earlier version back all the same"
    )]
    NewerVersion(EntityId),
}

/// Why there is no report or no corrected file of a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTable {
    /// There are fewer tables, or none: the file could not be read, or what it published was taken back.
    #[error("there is no table {0} of this file here: tables are counted from 1")]
    Place(usize),
    /// The table is none of the data sets of the standard.
    #[error("the table is no data set of the standard, which has no layout for it: there is no corrected file")]
    Layout,
    /// The file is published, and no longer here. Holds the path of a download.
    #[error(
        "the file was published and is no longer kept. Download what it published in the layout of the standard: {0}"
    )]
    Published(String),
}
