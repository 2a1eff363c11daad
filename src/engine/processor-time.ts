/** Milliseconds of processor time that this process has used, which other work on the machine does not change. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
