// @ts-check
/** The HTTP API, from the document that programs read. */

import { ask, attempt, h, part } from "./lib.js";

/** What a schema allows, in a few words. @param {any} schema @returns {string} */
function kind(schema = {}) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf ?? schema.oneOf) return (schema.anyOf ?? schema.oneOf).map(kind).join(" | ");
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.type === "array") return `list of ${kind(schema.items)}`;
  return [schema.type ?? "any", schema.maximum !== undefined && `up to ${schema.maximum}`].filter(Boolean).join(" ");
}

/** @param {string} method @param {string} path @param {any} does */
function operation(method, path, does) {
  const asked = does.parameters ?? [];
  const told = asked.some((/** @type {any} */ one) => one.description);
  const rows = asked.map((/** @type {any} */ one) => h("tr", {},
    h("th", { scope: "row" }, one.name), h("td", {}, one.in), h("td", {}, kind(one.schema)),
    h("td", {}, one.schema?.default ?? ""), told && h("td", {}, one.description ?? "")));
  const bodies = Object.entries(does.requestBody?.content ?? {}).map(([type, { schema }]) =>
    h("p", {}, "Body: ", h("code", {}, type), ` ${kind(schema)}`));
  return h("section", {}, h("h2", {}, h("code", {}, `${method.toUpperCase()} ${path}`)),
    h("p", {}, does.summary ?? does.description ?? ""), ...bodies,
    rows.length > 0 && h("table", {}, h("thead", {}, h("tr", {},
      ...["Name", "In", "Kind", "Default", ...(told ? ["Meaning"] : [])].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...rows)),
    h("ul", {}, ...Object.entries(does.responses ?? {}).map(([status, answer]) =>
      h("li", {}, h("b", {}, status), ` ${answer.description ?? ""} `,
        ...Object.entries(answer.content ?? {}).map(([type, { schema }]) => h("code", {}, `${type} ${kind(schema)} `))))));
}

await attempt(async () => {
  const found = await ask("openapi.json");
  part("operations").replaceChildren(...Object.entries(found.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, does]) => operation(method, path, does))));
  part("schemas").replaceChildren(...Object.entries(found.components?.schemas ?? {}).map(([name, schema]) =>
    h("section", {}, h("h3", {}, h("code", {}, name)), h("ul", {}, ...Object.entries(schema.properties ?? {}).map(
      ([field, of]) => h("li", {}, h("b", {}, field), `: ${kind(of)}`))))));
});
