/** The one line that the host's command prints about a database. Seconds by phase. */
export interface Restored {
  database: string;
  /** What the live database is called now that another has its name. */
  old: string | null;
  switched: boolean;
  /** It had been switched by an earlier, interrupted run. */
  already?: boolean;
  stamp: string;
  copy: string;
  /** What `--at` names this very backup. */
  at?: string;
  from?: "dump" | "log";
  recovered?: { lastCommit: string | null } | null;
  /** Of MariaDB and MySQL: how far the binary log was replayed. */
  replayed?: { until: string } | null;
  compared: { tables: number; rows: number };
  constraints?: { all: number; notValid: string[] } | null;
  difference?: Difference | null;
  seconds: Record<string, number>;
}

/** Of files, configuration, logs or code. */
export interface RestoredDirectory {
  directory: string;
  stamp: string;
  copy: string;
  compared?: { files: number; bytes: number };
  seconds: Record<string, number>;
}

/** The live, damaged database against the restored one. Missing rows are in the restored one alone. */
export interface Difference {
  tablesMissing: string[];
  tablesExtra: string[];
  tables: TableDifference[];
  equal: number;
}

export type TableDifference =
  { table: string; missing: number; extra: number; changed: number } | { table: string; unreadable: string };

/** What an undo says. */
export interface Undone {
  database: string;
  undone: boolean;
  /** What the undone one is called now. */
  kept: string | null;
}
