// What the engine starts. It loads a pack by require, and tsx lets Node read the rules as they are.
module.exports = async () => {
  const { register } = await import("tsx/esm/api");
  register();
  const { PolicyPack } = await import("@pulumi/policy");
  const { RULES } = await import("./rules.ts");
  new PolicyPack("granary", { policies: RULES, enforcementLevel: "mandatory" });
};
