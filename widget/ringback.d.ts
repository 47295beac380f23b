// Types of the Ringback widget (widget/ringback.js, served as /widget.js). Documentation: docs/widget.md

export interface RingbackOptions {
  /** The survey, an id of ringback.toml. */
  survey: string;
  /** Asks even those who have answered or said "not now", or are not in the sample. */
  force?: boolean;
  /** Whether the first score gets the focus. Default: true for `open`, false for what opens by itself. */
  focus?: boolean;
  /** Language (BCP 47, or several separated by commas). Default: the page's, then the browser's. */
  lang?: string;
  /** Default: what the visitor prefers. */
  theme?: 'auto' | 'light' | 'dark';
  /** A score that is chosen already; it counts when the visitor presses it. */
  score?: number;
  /** An identity that your server has signed (a JSON Web Token, HS256). */
  identity?: string;
  /** Country of the visitor, ISO 3166 alpha-2. */
  country?: string;
  segment?: string;
  touchpoint?: string;
  /** Default: `web`. */
  channel?: string;
  /** Further answers, by question. */
  answers?: Record<string, string | number | boolean | string[]>;
}

/** A survey that is shown. */
export interface RingbackSurvey {
  /** What the browser calls the response. */
  readonly id: string;
  close(): void;
}

export interface Ringback {
  readonly version: 1;
  /** Asks in a popover. Null when nobody is to be asked now, or the survey could not be loaded. */
  open(options?: Partial<RingbackOptions>): Promise<RingbackSurvey | null>;
  /** The same; what was pushed before the script had loaded is opened then: `(window.ringback ||= []).push({…})`. */
  push(options: Partial<RingbackOptions>): Promise<RingbackSurvey | null>;
  /** Fills every `[data-ringback]` that was added since. */
  scan(within?: ParentNode): void;
  /** Closes the popover, if one is open. */
  close(): void;
  /** Signs whatever is answered from now on. */
  identify(identity: string | undefined): void;
}

/** In `detail` of every event. */
export interface RingbackEventDetail {
  survey: string;
  /** What the browser calls the response. Not in `skipped` and `failed`. */
  id?: string;
}

export interface RingbackEvents {
  /** The script is there; on `document`. */
  'ringback:ready': CustomEvent<{ version: 1 }>;
  'ringback:shown': CustomEvent<RingbackEventDetail>;
  /** Nobody was asked: they have answered, said "not now", or are not in the sample. */
  'ringback:skipped': CustomEvent<RingbackEventDetail & { reason: 'answered' | 'later' | 'sample' }>;
  'ringback:answered': CustomEvent<RingbackEventDetail & { score: number; band: 'low' | 'middle' | 'high' }>;
  /** Send was pressed after the score. `consent` is null when the question was not answered. */
  'ringback:commented': CustomEvent<RingbackEventDetail & { comment: boolean; consent: boolean | null }>;
  /** The answer is durable. `feedback` is its id in the API. */
  'ringback:sent': CustomEvent<RingbackEventDetail & { feedback: string }>;
  /** The answer could not be sent yet and is kept on this device. */
  'ringback:kept': CustomEvent<RingbackEventDetail>;
  'ringback:refused': CustomEvent<RingbackEventDetail>;
  /** "Not now". */
  'ringback:later': CustomEvent<RingbackEventDetail>;
  'ringback:closed': CustomEvent<RingbackEventDetail>;
  /** The survey could not be loaded. */
  'ringback:failed': CustomEvent<RingbackEventDetail & { reason: string }>;
}

declare global {
  interface Window {
    ringback?: Ringback;
  }
  interface DocumentEventMap extends RingbackEvents {}
  interface HTMLElementEventMap extends RingbackEvents {}
}
