// Requests to the API of this server, and to no other.

import { language, t } from "./page.js";

const BASE = "/api/v1";
const token = document.querySelector("meta[name=csrf-token]").content;

// A sentence for the visitor; `status` is 0 where the server was not reached.
export class Problem extends Error {
  constructor(message, status = 0, wait = 0) {
    super(message);
    this.status = status;
    this.wait = wait; // seconds to wait before asking again
  }
}

const headers = () => ({ "X-CSRFToken": token, "Accept-Language": language, Accept: "application/json" });

export const address = (path, query = {}) => {
  const words = new URLSearchParams(query).toString();
  return `${BASE}${path}${words ? `?${words}` : ""}`;
};

export async function call(method, path, { json, body, type, query = {}, signal, keepalive } = {}) {
  const options = { method, headers: headers(), signal, keepalive };
  if (json !== undefined) {
    options.body = JSON.stringify(json);
    options.headers["Content-Type"] = "application/json";
  } else if (body !== undefined) {
    options.body = body;
    if (type) options.headers["Content-Type"] = type;
  }
  let response;
  try {
    response = await fetch(address(path, query), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(t("error.network"));
  }
  return understood(response.status, await response.text(), response.headers.get("Retry-After"));
}

// Send a form with progress, which fetch does not tell of. Returns {done: Promise, cancel()}.
export function upload(path, form, progress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener("load", () => {
      try {
        resolve(understood(request.status, request.responseText, request.getResponseHeader("Retry-After")));
      } catch (error) {
        reject(error);
      }
    });
    request.addEventListener("error", () => reject(new Problem(t("error.network"))));
    request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
    request.open("POST", address(path));
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.send(form);
  });
  return { done, cancel: () => request.abort() };
}

function understood(status, text, retry) {
  let answer = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    if (status < 400) throw new Problem(t("error.answer"), status);
  }
  if (status >= 400) throw new Problem(answer.message || t("error.status", { status }), status, Number(retry) || 0);
  return answer;
}
