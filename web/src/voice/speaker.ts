// The voice of this device. Browsers keep quiet until somebody has pressed something; where no voice speaks the language, a chime
// rings instead, because an unheard order is a lost order.

import { useSyncExternalStore } from "react";
import { recall, remember } from "../ui/device";
import type { Kind } from "./announcement";

export type Speaker = {
  /** off: never switched on here · on · muted: switched off by a person */
  mode: "off" | "on" | "muted";
  /** Whether the browser lets us sound. */
  allowed: boolean;
  /** Whether a voice speaks the language; else chimes. Undefined until tried. */
  speaks: boolean | undefined;
  /** 0 to 1. */
  volume: number;
  /** Of one kind of event, as a part of the volume; full where nobody has chosen. */
  volumes: Partial<Record<Kind, number>>;
};

export const kinds: Kind[] = ["new", "reminder", "refund", "rider", "make", "cancel"];

/** How loud an event of a kind is, 0 to 1. */
export const loudOf = (s: Pick<Speaker, "volume" | "volumes">, kind: Kind): number => s.volume * (s.volumes[kind] ?? 1);

/** A volume as it was kept: loud where nobody has chosen, never nought, since mute is a word of its own. */
function loudness(kept: string): number {
  const n = Number(kept);
  return n >= 0.1 && n <= 1 ? n : 1;
}

function keptVolumes(): Speaker["volumes"] {
  const out: Speaker["volumes"] = {};
  for (const kind of kinds) if (recall(`volume.${kind}`)) out[kind] = loudness(recall(`volume.${kind}`));
  return out;
}

let state: Speaker = {
  mode: (["on", "muted"] as const).find((m) => m === recall("voice")) ?? "off",
  allowed: false,
  speaks: undefined,
  volume: loudness(recall("volume")),
  volumes: keptVolumes(),
};
let sound: AudioContext | undefined;
const watchers = new Set<() => void>();

function set(next: Partial<Speaker>) {
  state = { ...state, ...next };
  for (const w of watchers) w();
}

export const useSpeaker = (): Speaker =>
  useSyncExternalStore(
    (w) => {
      watchers.add(w);
      return () => watchers.delete(w);
    },
    () => state,
  );

/** To be called from a press: opens the sound and says so. */
export async function switchOn(greeting: string, language: string): Promise<void> {
  remember("voice", "on");
  set({ mode: "on" });
  await unlock();
  await say(greeting, "new", language);
}

export function setVolume(volume: number): void {
  const v = loudness(String(volume));
  remember("volume", String(v));
  set({ volume: v });
}

export function setVolumeOf(kind: Kind, volume: number): void {
  const v = loudness(String(volume));
  remember(`volume.${kind}`, String(v));
  set({ volumes: { ...state.volumes, [kind]: v } });
}

export function mute(): void {
  remember("voice", "muted");
  set({ mode: "muted" });
  if ("speechSynthesis" in window) speechSynthesis.cancel();
}

async function unlock(): Promise<void> {
  try {
    sound ??= new AudioContext();
    if (sound.state !== "running") await sound.resume();
    set({ allowed: sound.state === "running" });
  } catch {
    set({ allowed: false });
  }
}

/** Any press on the page opens the sound on a device that wants it. Returns how to stop listening. */
export function unlockOnPress(): () => void {
  const press = () => {
    if (state.mode === "on" && !state.allowed) void unlock();
  };
  document.addEventListener("pointerdown", press);
  document.addEventListener("keydown", press);
  if (state.mode === "on") void Promise.race([unlock(), new Promise((done) => setTimeout(done, 800))]).then(() => set({}));
  return () => {
    document.removeEventListener("pointerdown", press);
    document.removeEventListener("keydown", press);
  };
}

export type Occasion = Kind;

// Two rising notes for an order, three quick ones for a reminder, two falling ones for a refund, two of one pitch for a rider, one
// for what is to be made, three deep falling ones for a stop: told apart from across the kitchen.
const tunes: Record<Occasion, [number, number][]> = {
  new: [
    [659, 0],
    [880, 0.16],
  ],
  reminder: [
    [988, 0],
    [988, 0.14],
    [988, 0.28],
  ],
  refund: [
    [784, 0],
    [523, 0.2],
  ],
  resting: [
    [440, 0],
    [440, 0.25],
  ],
  printer: [
    [330, 0],
    [262, 0.2],
  ],
  standin: [
    [262, 0],
    [330, 0.2],
  ],
  rule: [
    [330, 0],
    [330, 0.2],
  ],
  stuck: [
    [587, 0],
    [440, 0.25],
  ],
  rider: [
    [587, 0],
    [587, 0.2],
  ],
  make: [[784, 0]],
  cancel: [
    [392, 0],
    [330, 0.2],
    [262, 0.4],
  ],
};

function chime(occasion: Occasion, times: number): number {
  let end = 0;
  for (let k = 0; k < times; k++) end = Math.max(end, ring(tunes[occasion], loudOf(state, occasion), k * 0.7));
  return end;
}

/** Rings notes, each a pitch and how long after the first, and gives after how many milliseconds they are over. */
function ring(notes: [number, number][], volume: number, later = 0): number {
  if (sound?.state !== "running") return 0;
  let end = 0;
  for (const [pitch, after] of notes) {
    const at = sound.currentTime + later + after;
    const tone = sound.createOscillator();
    const loud = sound.createGain();
    tone.frequency.value = pitch;
    tone.type = "triangle";
    loud.gain.setValueAtTime(0.0001, at);
    loud.gain.exponentialRampToValueAtTime(0.5 * volume, at + 0.015);
    loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.32);
    tone.connect(loud).connect(sound.destination);
    tone.start(at);
    tone.stop(at + 0.35);
    end = Math.max(end, later + after + 0.35);
  }
  return end * 1000;
}

/** What a hand-over is answered with: two rising notes for done, three of one low pitch for again, a low one that lasts for no. */
const replies: Record<Reply, [number, number][]> = {
  done: [
    [784, 0],
    [1047, 0.12],
  ],
  again: [
    [349, 0],
    [349, 0.16],
    [349, 0.32],
  ],
  no: [
    [220, 0],
    [220, 0.06],
  ],
};
export type Reply = "done" | "again" | "no";

/** Answers a press or a scan by ear, for whoever looks at the goods; to be called from one. Silent where a person has muted the device. */
export async function reply(which: Reply): Promise<void> {
  if (state.mode === "muted") return;
  await unlock();
  ring(replies[which], state.volume);
}

function voiceFor(language: string): SpeechSynthesisVoice | undefined {
  if (!("speechSynthesis" in window)) return undefined;
  const short = language.split("-")[0] ?? language;
  const fit = speechSynthesis.getVoices().filter((v) => v.lang.toLowerCase().startsWith(short));
  return fit.find((v) => v.lang === language && v.localService) ?? fit.find((v) => v.localService) ?? fit[0];
}

/** Rings and speaks, unless muted. Resolves when the ringing is over; the speaking may go on. */
export async function say(text: string, occasion: Occasion, language: string): Promise<void> {
  if (state.mode !== "on" || text === "") return;
  const voice = voiceFor(language);
  const ringing = chime(occasion, voice ? 1 : 3);
  set({ speaks: Boolean(voice) });
  if (!voice) return;
  await new Promise((done) => setTimeout(done, ringing));
  const words = new SpeechSynthesisUtterance(text);
  words.voice = voice;
  words.lang = voice.lang;
  words.rate = 1.05;
  words.volume = loudOf(state, occasion);
  // A voice that promises and stays silent (seen where the voice lives on a server): ring instead.
  const silent = setTimeout(() => {
    speechSynthesis.cancel();
    chime(occasion, 3);
    set({ speaks: false });
  }, 3000);
  words.onstart = () => clearTimeout(silent);
  words.onerror = (e) => {
    clearTimeout(silent);
    if (e.error === "not-allowed") set({ allowed: false });
    else if (e.error !== "interrupted" && e.error !== "canceled") chime(occasion, 3);
  };
  speechSynthesis.cancel();
  speechSynthesis.speak(words);
}

// Voices are listed late by most browsers; asking once makes them come.
if ("speechSynthesis" in window) speechSynthesis.getVoices();
