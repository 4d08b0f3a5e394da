import { describe, expect, it } from "vitest";
import {
  artifactsHome,
  filesHome,
  repositoryCommand,
  repositoryKeyLine,
  repositoryPath,
} from "../../plan/box-homes.js";

describe("the homes of a host on a storage box", () => {
  it("are two, of which neither holds the other, nor is another host's", () => {
    expect([artifactsHome("shop"), filesHome("shop")]).toEqual(["shop", "shop.files"]);
    for (const other of ["shop-files", "files", "shop"]) expect(filesHome("shop")).not.toBe(artifactsHome(other));
  });

  it("hold a repository a job, which its key reaches by one command", () => {
    expect(repositoryPath("shop", "media")).toBe("files/shop/media");
    expect(repositoryCommand("shop", "media")).toBe("rclone serve restic --stdio --append-only ./files/shop/media");
    expect(repositoryKeyLine("shop", "media", "ssh-ed25519 AAAA granary@shop\n")).toBe(
      'command="rclone serve restic --stdio --append-only ./files/shop/media",restrict ssh-ed25519 AAAA granary@shop',
    );
  });
});
